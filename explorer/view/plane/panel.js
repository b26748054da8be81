// The words and pictures around the map: original, decoded image, trust, neighbours, latent.
import { classColour } from '../js/theme.js'

// Shape and word together, so that nothing rests on colour.
const TRUST = { data: '● in data', rare: '◐ rare image', gap: '◐ in a gap', outside: '○ outside' }
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
export function rowName(about, row) {
  let start = 0
  for (const [stop, template] of about.origins) {
    if (row < stop) return template.replace('{index}', row - start)
    start = stop
  }
  return `${about.noun} ${row}`
}

export function createPanel(root, { onPick }) {
  const part = name => root.querySelector(`[data-part=${name}]`)
  let about = null, thumbs = null

  const panel = {
    open(nextAbout, nextThumbs) { about = nextAbout; thumbs = nextThumbs },

    // The left picture is always a real image: the point's own, or the nearest one on the map.
    original(row, label, exact, someHidden) {
      thumbs.paint(part('original'), row)
      part('original').setAttribute('aria-label', `${about.noun} ${about.classes[label]}`)
      part('original-card').dataset.kind = exact ? 'original' : 'nearest'
      part('original-title').textContent = exact ? 'Original' : someHidden ? 'Nearest shown' : 'Nearest original'
      part('original-caption').textContent = `${about.noun} ${about.classes[label]}`
      part('original-row').textContent = rowName(about, row)
      root.dataset.on = exact ? 'point' : 'place'
    },

    // Title and tone change with the pixels that they speak of.
    decoded(said) {
      const canvas = part('decoded'), exact = said.row !== undefined
      canvas.dataset.z = said.z.map(value => value.toFixed(3)).join(',')
      canvas.dataset.source = said.source
      part('decoded-card').dataset.kind = exact ? 'reconstruction' : 'generated'
      part('decoded-title').textContent = exact ? 'Reconstruction' : 'Generated'
      const place = said.place.map(value => number(value)).join(', ')
      part('decoded-caption').textContent = about.raw ? `z = (${place})` : `map position (${place})`
      if (said.trust) panel.detail(said)
    },

    // Until the answer with details comes, the words below belong to the place before.
    waiting() { root.dataset.stale = '' },

    detail(said) {
      delete root.dataset.stale
      part('trust').dataset.trust = said.trust
      part('trust').textContent = TRUST[said.trust]
      part('why').textContent = said.why
      part('measures').textContent = [
        said.mse === undefined ? null : `Squared error ${said.mse.toPrecision(2)} per pixel, from the posterior mean.`,
        `Round trip |E(D(z)) − z| = ${said.round_trip < 0.001 ? 'under 0.001' : said.round_trip.toPrecision(2)}.`,
        said.mixed ? `Mixed from ${said.mixed.rows.length} neighbours on the map, whose latents differ by ` +
          `${number(100 * said.mixed.spread, 0)} % of the overall spread.` : null,
      ].filter(Boolean).join(' ')
      strip(part('neighbours'), said.neighbours)
      latent(part('latent'), said.latent, said.sigma)
    },

    fault(sentence) {
      part('fault-text').textContent = sentence
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
      button.title = `${rowName(about, row)}, ${number(distance)} away in latent space: click to go there`
      name.textContent = about.classes[label]
      name.style.borderColor = classColour(label)
      note.textContent = number(distance)
      thumbs.paint(canvas, row)
    })
  }

  function latent(box, z, sigma) {
    box.replaceChildren()
    if (z.length <= NUMBERS) {
      z.forEach((value, index) => {
        const chip = element('span', 'lx-number')
        chip.append(element('span', 'lx-dim', `z${subscript(index + 1)}`), document.createTextNode(number(value, 3)))
        if (sigma) {
          chip.append(element('span', 'lx-sigma', ` ± ${sigma[index].toPrecision(2)}`))
          chip.title = 'Mean and standard deviation of the posterior q(z|x); the ellipses on the map are 1 and 2 σ'
        }
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
    box.append(bars, element('span', 'lx-note', `${z.length} dimensions, largest |z| ${number(largest)}`))
  }
  return panel
}

const subscript = value => [...String(value)].map(digit => '₀₁₂₃₄₅₆₇₈₉'[+digit]).join('')
