// The words and pictures around the map: original, decoded image, trust, neighbours, latent.
import { element, mark, partsOf, say } from '../js/dom.js'
import { classColour } from '../js/theme.js'
import { className, number, rowName, subscript } from '../js/words.js'

// Shape and word together, so that nothing rests on colour.
const TRUST = { data: ['●', 'in data'], rare: ['◐', 'rare image'], gap: ['◐', 'in a gap'], outside: ['○', 'outside'] }
// An image that takes longer than this is not the one that is pointed at: it steps back until it is.
const SLOW_MS = 200
// Above this many dimensions numbers become bars.
const NUMBERS = 8
// Larger grids of codes are shown as colours alone.
const CODES_WITH_NUMBERS = 8

export function createPanel(root, { onPick }) {
  const part = partsOf(root)
  let about = null, images = null
  const faults = new Map()
  let slow = 0

  const panel = {
    open(nextAbout, nextImages) { about = nextAbout; images = nextImages },

    // The left picture is always a real image: the point's own, or the nearest one on the map.
    original(row, label, exact, someHidden) {
      images.paint(part('original'), row)
      const name = className(about, label)
      if (part('original').ariaLabel !== name) { part('original').ariaLabel = name; part('original').title = '' }
      mark(part('original-card'), 'kind', exact ? 'original' : 'nearest')
      say(part('original-title'), exact ? 'Original' : someHidden ? 'Nearest shown' : 'Nearest original')
      say(part('original-caption'), name)
      say(part('original-row'), rowName(about, row))
      mark(root, 'on', exact ? 'point' : 'place')
    },

    // A picture of one's own, as the model sees it.
    own(pixels, words) {
      images.put(part('original'), pixels)
      part('original').ariaLabel = `Your picture, as the model sees it. ${words}`
      part('original').title = words
      mark(part('original-card'), 'kind', 'original')
      say(part('original-title'), 'Original')
      say(part('original-caption'), 'your picture')
      say(part('original-row'), 'as the model sees it')
      mark(root, 'on', 'point')
    },

    // Title and tone change with the pixels that they speak of.
    decoded(said) {
      clearTimeout(slow)
      if ('slow' in root.dataset) part('status').textContent = 'Measuring how far to trust this model: only the first time…'
      delete root.dataset.slow
      const canvas = part('decoded'), drawnAs = said.as === undefined ? null : about.classes[said.as]
      // Told another class than the image's own, a conditional model draws something new in its style.
      const exact = (said.row !== undefined || said.own) && (said.as === undefined || said.as === said.label)
      canvas.dataset.z = said.z.map(value => value.toFixed(3)).join(',')
      canvas.dataset.source = said.source
      mark(part('decoded-card'), 'kind', exact ? 'reconstruction' : 'generated')
      say(part('decoded-title'), exact ? 'Reconstruction' : 'Generated')
      const place = said.place.map(value => number(value)).join(', ')
      const where = about.raw ? `z = (${place})` : drawnAs === null ? `map position (${place})` : `map (${place})`
      say(part('decoded-caption'), (drawnAs === null ? '' : `as ${drawnAs}, `) + where)
      if (said.trust) panel.detail(said)
    },

    // Until the answer with details comes, the words below belong to the place before.
    waiting() {
      mark(root, 'stale', '')
      clearTimeout(slow)
      slow = setTimeout(() => { root.dataset.slow = ''; part('status').textContent = 'Decoding…' }, SLOW_MS)
    },

    detail(said) {
      delete root.dataset.stale
      part('trust').dataset.trust = said.trust
      part('trust').textContent = TRUST[said.trust].join(' ')
      part('why').textContent = said.why
      part('measures').textContent = [
        said.mse === undefined ? null : `Squared error ${said.mse.toPrecision(2)} per pixel${about.variational ? ', from the posterior mean' : ''}.`,
        `Round trip |E(D(z)) − z| = ${said.round_trip < 0.001 ? 'under 0.001' : said.round_trip.toPrecision(2)}.`,
        said.mixed ? `Mixed from ${said.mixed.rows.length} neighbours on the map, whose latents differ by ` +
          `${number(100 * said.mixed.spread, 0)} % of the overall spread.` : null,
      ].filter(Boolean).join(' ')
      part('neighbours-title').textContent = `Nearest images, by ${said.metric === 'cosine' ? 'angle between latents' : 'latent distance'}`
      strip(part('neighbours'), said.neighbours)
      part('status').textContent = status(said)
      if (said.codes) codes(part('latent'), said.codes)
      else latent(part('latent'), said.latent, said.sigma)
    },

    // Each source of faults has its own sentence, so that what one mends does not hide the others.
    fault(sentence, source = 'map') {
      if (sentence) faults.set(source, sentence)
      else faults.delete(source)
      say(part('fault-text'), [...faults.values()].join(' '))
      if (part('fault').hidden !== !faults.size) part('fault').hidden = !faults.size
    },
    clear() { faults.clear(); panel.fault('') },
  }

  // What is at the pointer, in words, for those who do not see it.
  function status(said) {
    const nearest = said.neighbours[0]
    return [
      looks(said), TRUST[said.trust][1],
      nearest && `nearest ${said.row === undefined ? '' : 'other '}real image ${said.metric === 'cosine' ? `at a cosine distance of ${number(nearest.distance)}` : `${number(nearest.distance)} away`} (${rowName(about, nearest.row)})`,
    ].filter(Boolean).join(', ') + '.'
  }

  // Where no classifier knows such images, the nearest real one says what it is like.
  function looks({ reads, sure, neighbours: [nearest] }) {
    if (reads !== undefined) return `Looks like ${className(about, reads)}${sure < 0.9 ? ` (${Math.round(100 * sure)} % sure)` : ''}`
    return nearest ? `Most like ${className(about, nearest.label)}` : 'Decoded'
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
      button.setAttribute('aria-label', `${className(about, label)}, ${button.title}`)
      name.textContent = about.classes[label]
      name.style.borderColor = classColour(label)
      note.textContent = number(distance)
      images.paint(canvas, row)
    })
  }

  // A VQ-VAE's latent is a grid of code numbers, laid out as the image is.
  function codes(box, grid) {
    const table = element('div', 'lx-codes')
    table.style.setProperty('--columns', grid[0].length)
    const largest = Math.max(1, ...grid.flat())
    for (const code of grid.flat()) {
      const cell = element('span', 'lx-code', grid.length <= CODES_WITH_NUMBERS ? code : '')
      cell.style.setProperty('--hue', 360 * code / (largest + 1))
      cell.title = `code ${code}`
      table.append(cell)
    }
    box.replaceChildren(table, element('span', 'lx-note', `${grid.length} × ${grid[0].length} codes, by number`))
  }

  function latent(box, z, sigma) {
    if (z.length <= NUMBERS) {
      box.replaceChildren()
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
    let bars = box.querySelector('.lx-bars')
    if (bars?.children.length !== z.length) {         // hundreds of them: made once, then refilled
      bars = element('div', 'lx-bars')
      bars.append(...z.map(() => element('span', 'lx-bar')))
      box.replaceChildren(bars, element('span', 'lx-note'))
    }
    z.forEach((value, index) => {
      const bar = bars.children[index]
      bar.classList.toggle('lx-negative', value < 0)
      bar.style.setProperty('--share', Math.abs(value) / largest)
      bar.title = `z${subscript(index + 1)} = ${number(value, 3)}`
    })
    say(bars.nextSibling, `${z.length} dimensions, largest |z| ${number(largest)}`)
  }
  return panel
}
