// An image with a title in the colour of its kind, and words below.
import { element, mark, say } from './dom.js'
import { paint } from './images.js'

// `kind` is original, reconstruction, generated or nearest (a real image beside the one that is meant).
export function createCard(kind, title) {
  const figure = element('figure', 'lx-card'), name = element('figcaption', 'lx-title', title)
  const canvas = Object.assign(element('canvas', 'lx-pixels'), { width: 28, height: 28 }), caption = element('div', 'lx-caption', '\u00a0')
  figure.dataset.kind = kind
  canvas.setAttribute('role', 'img')
  figure.append(name, canvas, caption)
  return {
    figure, canvas, caption,
    // Pixels of a shape [height, width, channels], and what they are in words.
    show(pixels, shape, words) {
      paint(canvas, pixels, ...shape)
      this.say(words)
    },
    say(words) {
      say(caption, words)
      canvas.ariaLabel = `${name.textContent}: ${words}`
    },
    retitle(nextKind, text) { mark(figure, 'kind', nextKind); say(name, text) },
  }
}
