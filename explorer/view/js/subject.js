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

// What a page is told of a subject: an image or a place is chosen, from anything else the sliders start.
export function commitOf(text) {
  const [kind, name] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]
  return ['row', 'own', 'place'].includes(kind) ? { [kind]: name } : { start: text }
}

// Fills `host` with the card. `onCommit({ own: name })` hears of a picture that a person made, or of what
// was chosen before when they took it back; `onDrawing(grey)` of one that is
// being drawn (base64, see the decode request `own`); `onFault(sentence)` of what cannot be used.
export function createSubject(host, { onCommit, onFault, onDrawing = () => {}, onEnd }, signal) {
  const card = element('figure', 'lx-card lx-subject'), title = element('figcaption', 'lx-title', 'Original')
  const canvas = Object.assign(element('canvas', 'lx-pixels'), { width: 28, height: 28 })
  canvas.dataset.testid = 'original'
  canvas.setAttribute('role', 'img')
  const words = element('div', 'lx-caption', '\u00a0'), note = element('div', 'lx-note', '\u00a0')
  card.append(title, canvas, words, note)
  host.replaceChildren(card)
  let asked = 0, text = '', before = ''
  const pad = createPad(card, canvas, {
    onDrawing, onFault, onEnd,
    onPicture: name => onCommit({ own: name }),
    // A drawing whose last line was taken back leaves what was chosen before it.
    onBegin: () => { before = text },
    onEmpty: () => onCommit(commitOf(before)),
  }, signal)

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
    async open(view, named) {
      text = named
      const mine = ++asked, subject = await fetchSubject(view, text)
      return mine === asked ? this.show(subject) : null
    },
  }
}
