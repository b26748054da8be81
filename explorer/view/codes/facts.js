// What is known of a map of codes: how likely the prior takes it to be, and whether its picture has the same codes.
import { element } from '../js/dom.js'
import { number } from '../js/words.js'

// A code that costs so many nats is drawn in the strongest tint: e^-8 is one in three thousand.
const STRONGEST = 8

export function createFacts(host) {
  let shown = false
  const box = Object.assign(element('input'), { type: 'checkbox' })
  const label = element('label', 'lx-check')
  label.append(box, ' Show what surprises the prior')
  label.title = 'Tints each cell by -ln p of its code, given the codes before it in reading order'
  const words = element('div'), heading = element('h4', '', 'This map')
  host.replaceChildren(heading, words, label)
  let last = null, retint = () => {}
  box.onchange = () => { shown = box.checked; retint() }
  return {
    // Shows the facts; the tint of each cell, 0 to 1, or null.
    show(said, book, classes) {
      const lines = []
      if (said.nats) {
        const total = said.nats.reduce((sum, nats) => sum + nats, 0)
        const usual = book.typical === null ? '' : `; a digit of the test set costs ${number(book.typical, 0)} on average`.replace('a digit', 'an image')
        lines.push([`${number(total, 0)} nats`, `−ln p under the learned prior${usual}.`])
      } else lines.push(['No prior', 'nobody has trained one over these codes yet.'])
      const back = said.back.filter(Boolean).length
      lines.push([`${back} of ${said.back.length}`, 'codes come back when the decoded image is encoded again: the fewer, the less it is an image that the encoder knows.'])
      if (said.reads !== undefined) lines.push([`${classes[said.reads] ?? said.reads}`, `is what our classifier reads in it (${Math.round(100 * said.sure)} %).`])
      words.replaceChildren(...lines.map(([figure, text]) => {
        const line = element('p')
        line.append(element('b', '', figure), ` ${text}`)
        return line
      }))
      label.hidden = !said.nats
      last = said.nats
      host.dataset.nats = said.nats ? said.nats.reduce((sum, nats) => sum + nats, 0).toFixed(2) : ''
      return shown && last ? last.map(nats => Math.min(1, nats / STRONGEST)) : null
    },
    onTint(tint) { retint = () => tint(shown && last ? last.map(nats => Math.min(1, nats / STRONGEST)) : null) },
  }
}
