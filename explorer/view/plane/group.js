// A group of points: drawn around with a box or a lasso, described by its images, kept under a name.
import { parseHead } from '../js/binary.js'
import { element } from '../js/dom.js'
import { paint } from '../js/images.js'
import { number, rowName } from '../js/words.js'

// A line of fewer corners than this, or within so few pixels, is a click.
const FEWEST = 3, SMALLEST = 6
// A lasso gets a new corner after so many pixels.
const STEP = 4

// Follows a pointer that draws: `finished(places)` gets the corners in data units, null for a line too short to mean anything.
export function createStroke(overlay, figureOf, finished) {
  let corners = null, start = null
  const size = () => {
    const span = k => Math.max(...corners.map(c => c[k])) - Math.min(...corners.map(c => c[k]))
    return Math.max(span(0), span(1))
  }
  const places = () => corners.map(([x, y]) => figureOf().toPlace(x, y))
  return {
    hear(event, phase, mode) {
      const here = [event.clientX, event.clientY]
      if (phase === 'start') { start = here; corners = [here] }
      else if (!corners) return
      else if (phase === 'move' && mode === 'box') corners = [start, [here[0], start[1]], here, [start[0], here[1]]]
      else if (phase === 'move') {
        const last = corners.at(-1)
        if (Math.hypot(here[0] - last[0], here[1] - last[1]) >= STEP) corners.push(here)
      }
      const done = phase === 'end', enough = corners.length >= FEWEST && size() >= SMALLEST
      overlay.stroke(phase === 'cancel' ? null : places())
      overlay.draw(figureOf())
      if (done) finished(enough ? places() : null)
      if (done || phase === 'cancel') corners = null
    },
    cancel() { corners = null; overlay.stroke(null); overlay.draw(figureOf()) },
  }
}

// For a group n positions (uint32) follow, then two images.
export function parseChoice(buffer, withPositions) {
  const { n, said, at } = parseHead(buffer), positions = withPositions ? new Uint32Array(buffer, at, n) : null
  const size = said.shape.reduce((product, side) => product * side, 1), start = at + (withPositions ? 4 * n : 0)
  return { n, said, positions, images: [0, 1].map(k => new Uint8Array(buffer, start + k * size, size)) }
}

// A polygon as the address writes it, x and y of each corner in turn.
export const cornersOf = text => {
  const values = text.split('_').map(Number)
  return values.flatMap((x, k) => (k % 2 ? [] : [[x, values[k + 1]]]))
}

export function createGroup(box, { onPick, onKeep, onDrop, onClear, isTaken }) {
  let dropped = {}          // the name that was deleted last, and the files of its group, which say which one it was
  const picture = (title, pixels, [height, width, channels], note) => {
    const card = element('figure', 'lx-small-card'), canvas = element('canvas', 'lx-pixels')
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', title)
    paint(canvas, pixels, height, width, channels)
    card.append(canvas, element('figcaption', '', title), element('span', 'lx-note', note))
    return card
  }
  return {
    hide() { box.hidden = true; box.replaceChildren() },
    show({ said, positions, images: [mean, decoded] }, { about, images, colouring, links, name }) {
      const head = element('div', 'lx-group-head')
      if (name) dropped = {}
      head.append(element('b', '', `${name ? `${name}: ` : ''}${said.words.count}`), bars(positions, colouring))
      const strip = element('div', 'lx-strip')
      for (const row of said.typical) {
        const button = element('button', 'lx-thumb'), canvas = element('canvas', 'lx-pixels')
        button.type = 'button'
        button.title = `${rowName(about, row)}: click to go there`
        button.onclick = () => onPick(row)
        images.paint(canvas, row)
        button.append(canvas)
        strip.append(button)
      }
      const row = element('div', 'lx-group-row'), members = element('div', 'lx-members')
      members.append(element('h4', '', 'Typical images, nearest to the mean latent'), strip)
      row.append(
        picture('Mean image', mean, said.shape, said.words.mean),
        picture('Decoded mean latent', decoded, said.shape, said.words.decoded), members,
      )
      box.replaceChildren(head, row, actions(links, name))
      box.hidden = false
    },
  }

  // Counted by what the points are coloured by, so that the map and the numbers say the same.
  function bars(positions, { of, groups, title }) {
    const list = element('span', 'lx-counts'), counts = new Uint32Array(groups.length)
    for (const i of positions) counts[of[i]]++
    groups.forEach(({ name, colour }, k) => {
      if (!counts[k]) return
      const chip = element('span', 'lx-count', `${name} · ${counts[k].toLocaleString('en')}`)
      chip.style.setProperty('--colour', colour)
      chip.title = `${title} ${name}: ${counts[k]}`
      list.append(chip)
    })
    return list
  }
  // A group is kept under a name and later renamed; a deleted name can be had back while the group is in sight.
  function actions({ csv, png, shape }, name) {
    const bar = element('div', 'lx-share'), form = element('form', 'lx-keep'), input = element('input')
    const button = (text, title, onclick) => Object.assign(element('button', 'lx-button', text), { type: 'button', title, onclick })
    const link = (text, url, title) => Object.assign(element('a', 'lx-button', text), { href: url, download: '', title })
    Object.assign(input, { placeholder: 'Name this group', maxLength: 40, required: true, value: name ?? '' })
    input.setAttribute('aria-label', 'Name of this group')
    const keep = Object.assign(element('button', '', name ? 'Rename' : 'Keep group'), { title: 'Kept for this visit, to be used by its name on other pages' })
    form.append(input, keep)
    input.oninput = () => {
      const other = input.value.trim()
      input.setCustomValidity(other !== name && isTaken(other) ? 'Another group has this name; choose a different one.' : '')
    }
    form.onsubmit = event => { event.preventDefault(); onKeep(input.value.trim()) }
    bar.append(form)
    if (name) bar.append(button('Delete', 'Forget this group; it stays drawn', () => { dropped = { name, shape }; onDrop() }))
    else if (dropped.shape === shape) bar.append(element('span', 'lx-note', `${dropped.name} is deleted.`), button('Undo', `Keep it as ${dropped.name} again`, () => onKeep(dropped.name)))
    bar.append(link('CSV', csv, 'Rows, classes, places and latents of all members'), link('PNG', png, 'The images of the group as one picture'),
      button('Clear', 'Let go of the group (Escape)', onClear))
    return bar
  }
}

// The samples of an image's posterior: their mean image and how much each pixel varies.
export function createPosterior(box, { onSample }) {
  let seed = 0
  const button = Object.assign(element('button', 'lx-button', 'Sample the posterior'), { type: 'button',
    title: 'Draw latents from q(z|x) of the kept image: dots on the map, and below what the decoder makes of them' })
  const shown = element('div', 'lx-posterior-images')
  button.onclick = () => onSample(seed++)
  box.replaceChildren(button, shown)
  return {
    offer(on) { box.hidden = !on; shown.replaceChildren(); button.textContent = 'Sample the posterior'; seed = 0 },
    // The places of the samples, after showing what they decode to.
    show(buffer) {
      const { n, said, images } = parseChoice(buffer, false), [height, width, channels] = said.shape
      const pictures = ['Mean', 'Standard deviation'].map((title, k) => {
        const card = element('figure', 'lx-small-card'), canvas = element('canvas', 'lx-pixels')
        canvas.setAttribute('role', 'img')
        canvas.setAttribute('aria-label', `${title} of ${n} decoded posterior samples`)
        paint(canvas, images[k], height, width, channels)
        card.append(canvas, element('figcaption', '', title))
        if (k) card.append(element('span', 'lx-note', `white = ${number(said.deviation_max)}`))
        return card
      })
      shown.replaceChildren(...pictures, element('p', 'lx-note', said.words))
      button.textContent = 'Sample again'
      return said.places
    },
  }
}
