// The words and pictures around the map: original, decoded image, trust, neighbours, latent.
import { classColour } from '../js/theme.js'

const TRUST = {
  data: ['●', 'in data', 'Encoded images lie this close, so the decoder has learned what belongs here.'],
  gap: ['◐', 'in a gap', 'No encoded image lies this close: the decoder is filling in between what it has seen.'],
  outside: ['○', 'outside', 'Farther out than the model has seen: do not read much into this image.'],
}
// Above this many dimensions numbers become bars.
const NUMBERS = 8

export const number = (value, digits = 2) => (Object.is(value, -0) ? 0 : value).toFixed(digits).replace('-', '−')

const element = (tag, className, text) => {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

// What a row of the data set is called: "MNIST training image 123".
export const rowName = (about, row) => `${about.origins.find(([stop]) => row < stop)?.[1] ?? about.noun} ${row}`

export function createPanel(root, { onPick }) {
  const part = name => root.querySelector(`[data-part=${name}]`)
  let about = null, thumbs = null

  const panel = {
    open(nextAbout, nextThumbs) { about = nextAbout; thumbs = nextThumbs },

    // The left picture is always a real image: the point's own, or the nearest one on the map.
    original(row, label, exact) {
      thumbs.paint(part('original'), row)
      part('original').setAttribute('aria-label', `${about.noun} ${about.classes[label]}`)
      part('original-card').dataset.kind = exact ? 'original' : 'nearest'
      part('original-title').textContent = exact ? 'Original' : 'Nearest original'
      part('original-caption').textContent = `${about.noun} ${about.classes[label]}`
      part('original-row').textContent = rowName(about, row)
      root.dataset.on = exact ? 'point' : 'place'
      part('decoded-card').dataset.kind = exact ? 'reconstruction' : 'generated'
      part('decoded-title').textContent = exact ? 'Reconstruction' : 'Generated'
    },

    decoded(said) {
      const canvas = part('decoded')
      canvas.dataset.z = said.z.map(value => value.toFixed(3)).join(',')
      canvas.dataset.source = said.source
      part('decoded-caption').textContent = said.place ? `at (${said.place.map(v => number(v)).join(', ')})` : ''
      if (said.trust) panel.detail(said)
    },

    // Until the answer with details comes, the words below belong to the place before.
    waiting() { root.dataset.stale = '' },

    detail(said) {
      delete root.dataset.stale
      const [mark, word, why] = TRUST[said.trust]
      const trust = part('trust')
      trust.dataset.trust = said.trust
      trust.textContent = `${mark} ${word}`
      trust.title = why
      part('why').textContent = why
      part('measures').textContent = [
        said.mse === undefined ? null : `Squared error ${said.mse.toPrecision(2)} per pixel.`,
        `Encoded again, it lands ${number(said.round_trip)} away.`,
        said.mixed ? `Mixed from ${said.mixed.rows.length} neighbours on the map, whose latents differ by ` +
          `${number(100 * said.mixed.spread, 0)} % of the overall spread.` : null,
      ].filter(Boolean).join(' ')
      strip(part('neighbours'), said.neighbours)
      latent(part('latent'), said.latent)
    },

    fault(sentence) {
      part('fault').textContent = sentence
      part('fault').hidden = !sentence
    },
  }

  // Buttons, so that a keyboard reaches them; kept and refilled, so that nothing jumps.
  function strip(list, neighbours) {
    while (list.children.length > neighbours.length) list.lastChild.remove()
    while (list.children.length < neighbours.length) {
      const button = element('button', 'lx-thumb')
      button.type = 'button'
      button.append(element('canvas', 'lx-pixels'), element('span', 'lx-thumb-label'), element('span', 'lx-thumb-note'))
      button.onclick = () => onPick(+button.dataset.row)
      list.append(button)
    }
    neighbours.forEach(({ row, label, distance }, index) => {
      const button = list.children[index], [canvas, name, note] = button.children
      button.dataset.row = row
      button.title = `${rowName(about, row)}: click to go there`
      name.textContent = about.classes[label]
      name.style.borderColor = classColour(label)
      note.textContent = number(distance)
      thumbs.paint(canvas, row)
    })
  }

  function latent(box, z) {
    box.replaceChildren()
    if (z.length <= NUMBERS) {
      z.forEach((value, index) => {
        const chip = element('span', 'lx-number')
        chip.append(element('span', 'lx-dim', `z${subscript(index + 1)}`), document.createTextNode(number(value, 3)))
        box.append(chip)
      })
      return
    }
    const largest = Math.max(1e-6, ...z.map(Math.abs))
    const bars = element('div', 'lx-bars')
    z.forEach((value, index) => {
      const bar = element('span', value < 0 ? 'lx-bar lx-negative' : 'lx-bar')
      bar.style.setProperty('--share', Math.abs(value) / largest)
      bar.title = `z${subscript(index + 1)} = ${number(value, 3)}`
      bars.append(bar)
    })
    box.append(bars, element('span', 'lx-note', `${z.length} dimensions, largest ${number(largest)}`))
  }
  return panel
}

const subscript = value => [...String(value)].map(digit => '₀₁₂₃₄₅₆₇₈₉'[+digit]).join('')
