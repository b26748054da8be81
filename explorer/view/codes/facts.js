// What is known of a map of codes: how likely the prior takes it to be, and whether its picture has the same codes.
import { element } from '../js/dom.js'
import { number } from '../js/words.js'

// A code that costs so many nats is drawn in the strongest tint: e^-8 is one in three thousand.
const STRONGEST = 8

// `tint(shares)` hears how much each cell surprises, 0 to 1, or null for none.
export function createFacts(host, tint) {
  const box = Object.assign(element('input'), { type: 'checkbox' }), label = element('label', 'lx-check')
  const words = element('div')
  let nats = null
  label.append(box, ' Show what surprises the prior')
  label.title = 'Tints each cell by −ln p of its code, given the codes before it in reading order'
  host.replaceChildren(element('h4', '', 'This map'), words, label)
  const retint = () => tint(box.checked && nats ? nats.map(one => Math.min(1, one / STRONGEST)) : null)
  box.onchange = retint
  return {
    show(said, { typical }) {
      const lines = []
      nats = said.nats
      const total = nats?.reduce((sum, one) => sum + one, 0)
      const usual = typical === null ? '' : `; a test image costs ${number(typical, 0)} on average`
      if (nats) lines.push([`${number(total, 0)} nats`, `−ln p under the learned prior${usual}.`])
      else lines.push(['No prior', 'has been trained over these codes yet.'])
      const back = said.back.filter(Boolean).length
      const again = 'codes come back when the decoded image is encoded again; few mean that it is no image the encoder knows.'
      lines.push([`${back} of ${said.back.length}`, again])
      if (said.reads !== undefined) lines.push([said.reads, `is what our classifier reads in it (${Math.round(100 * said.sure)} %).`])
      words.replaceChildren(...lines.map(([figure, text]) => {
        const line = element('p')
        line.append(element('b', '', figure), ` ${text}`)
        return line
      }))
      label.hidden = !nats
      host.dataset.nats = nats ? total.toFixed(2) : ''
      retint()
    },
  }
}
