// The card of the original: what a page starts from, with the means to draw or upload something else. The same on every page.
import { at } from './address.js'
import { parseHead } from './binary.js'
import { element, mark, say } from './dom.js'
import { paint } from './images.js'
import { createPad } from './pad.js'

// What a text of `explorer.latent.origin` names in one model: { z, sigma, label, words, place, exact, shape, pixels }. `view` is
// { model, dataset, count, projection, label }; rejects with the server's sentence.
export async function fetchSubject(view, text) {
  const names = ['model', 'dataset', 'projection'].map(key => encodeURIComponent(view[key])).join('/')
  const label = view.label === null || view.label === undefined ? '' : `&label=${view.label}`
  const answer = await fetch(at(`subject/${names}?count=${view.count}&at=${encodeURIComponent(text)}${label}`))
  if (!answer.ok) throw new Error(await answer.text())
  const buffer = await answer.arrayBuffer(), head = parseHead(buffer)
  return { ...head.said, pixels: head.said.shape && new Uint8Array(buffer, head.at) }
}

// Fills `host` with the card. `onCommit({ own: name })` hears of a picture that a person made; `onDrawing(grey)` of one that is
// being drawn (base64, see the decode request `own`); `onFault(sentence)` of what cannot be used.
export function createSubject(host, { onCommit, onFault, onDrawing = () => {}, onEnd }, signal) {
  const card = element('figure', 'lx-card'), title = element('figcaption', 'lx-title', 'Original')
  const canvas = Object.assign(element('canvas', 'lx-pixels'), { width: 28, height: 28 })
  canvas.dataset.testid = 'original'
  canvas.setAttribute('role', 'img')
  const words = element('div', 'lx-caption', '\u00a0'), note = element('div', 'lx-note', '\u00a0')
  card.append(title, canvas, words, note)
  host.replaceChildren(card)
  const pad = createPad(card, canvas, { onDrawing, onPicture: name => onCommit({ own: name }), onFault, onEnd }, signal)
  let asked = 0

  return {
    card, canvas, pad,
    // Shows a subject that was fetched; one without an image (a sample, the mean) says so.
    show(subject) {
      mark(card, 'kind', subject.pixels ? 'original' : 'nearest')
      say(title, subject.pixels ? 'Original' : 'Start')
      if (subject.pixels) paint(canvas, subject.pixels, ...subject.shape)
      else canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height)
      const [first, ...rest] = subject.words.split('. ')
      say(words, first[0].toUpperCase() + first.slice(1))
      say(note, rest.join('. '))
      note.title = rest.join('. ')
      canvas.ariaLabel = `Original: ${subject.words}`
      return subject
    },
    // Fetches and shows; null when something else was asked for meanwhile.
    async open(view, text) {
      const mine = ++asked, subject = await fetchSubject(view, text)
      return mine === asked ? this.show(subject) : null
    },
  }
}
