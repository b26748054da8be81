// What the learned prior draws: whole images, or the cells that are not kept.
import { at, channelUrl } from '../js/address.js'
import { openChannel } from '../js/channel.js'
import { element, mark, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { number } from '../js/words.js'

const DRAWN = 6
const SLIDE_MS = 150

// `onApply(codes)` hears of a drawn map that was chosen, `onSet({ seed } | { temperature }, rest)` of other numbers, which stand when
// no more of them come for `rest` ms.
export function createPrior(part, { onApply, onSet }) {
  // Beside the channel of the strokes, which must not wait for these.
  const channel = openChannel(channelUrl())
  const thumbs = Array.from({ length: DRAWN }, () => {
    const button = Object.assign(element('button', 'lx-thumb'), { type: 'button' })
    const canvas = element('canvas', 'lx-pixels'), note = element('span', 'lx-thumb-note', '\u00a0')
    canvas.dataset.testid = 'drawn'
    button.append(canvas, note)
    return { button, canvas, note }
  })
  part('draws').replaceChildren(...thumbs.map(({ button }) => button))
  let wanted = '', there = true

  const says = () => say(part('temperature-says'), number(Number(part('temperature').value)))
  part('temperature').oninput = event => {
    says()
    onSet({ temperature: Number(event.target.value) }, SLIDE_MS)
  }
  const seedOf = text => Math.min(999999999, Math.max(0, Math.floor(Number(text) || 0)))
  part('seed').onchange = event => onSet({ seed: seedOf(event.target.value) }, 0)
  part('again').onclick = () => onSet({ seed: seedOf(Number(part('seed').value) + 1) }, 0)

  return {
    open({ prior }) {
      there = Boolean(prior)
      wanted = ''
      for (const node of part('prior').querySelectorAll('button, input')) node.disabled = !there
      if (!there) say(part('prior-words'), 'Nobody has trained a prior over the codes of this model yet, so nothing can be drawn.')
    },
    async ask({ model, kept, seed, temperature }, codes, text, mask) {
      if (!there) return
      part('seed').value = seed
      part('temperature').value = temperature
      says()
      const held = [...kept.keys()].filter(cell => kept[cell])
      say(part('prior-title'), held.length ? `The learned prior completes ${held.length} kept cells` : 'Drawn by the learned prior')
      const known = held.length ? `&codes=${text}&kept=${mask}` : ''
      const path = `code-draws/${encodeURIComponent(model)}?n=${DRAWN}&seed=${seed}&temperature=${temperature}${known}`
      // Of the codes only the kept ones matter.
      const question = [model, seed, temperature, mask, ...held.map(cell => codes[cell])].join()
      if (question === wanted) return
      wanted = question
      mark(part('draws'), 'waiting', 'true')
      const answer = await fetch(at(path)), body = await answer.text()
      if (question !== wanted) return
      if (!answer.ok) { say(part('prior-words'), body); return }
      const said = JSON.parse(body)
      say(part('prior-words'), said.words)
      channel.ask({ kind: 'codes', model, codes: said.codes }, ({ pixels, height, width, channels, n }) => {
        if (question !== wanted || !n) return
        const size = height * width * channels
        thumbs.forEach(({ button, canvas, note }, k) => {
          paint(canvas, pixels.subarray(k * size, (k + 1) * size), height, width, channels)
          say(note, `${number(said.nats[k], 0)} nats`)
          button.ariaLabel = button.title = `Paint on with drawn image ${k + 1}, −ln p ${number(said.nats[k], 1)} nats`
          button.onclick = () => onApply(said.codes[k])
          mark(canvas, 'codes', said.codes[k].join(','))
        })
        mark(part('draws'), 'waiting', 'false')
        mark(part('draws'), 'question', question)
      })
    },
    close() { channel.close() },
  }
}
