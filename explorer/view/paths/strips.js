// The strips: one for each way and model, an image for each step, below it how near the training images are and how much the
// image changes to the next.
import { element, mark, partsOf, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { number } from '../js/words.js'
import { WAYS, counted, strengthOf } from './ask.js'

const STANDING = { data: ['●', 'in data'], rare: ['◇', 'a rare image'], gap: ['◐', 'in a gap'], outside: ['○', 'outside'] }
// Bars end at so many usual distances: one far step must not make all others flat. It is broken, and its number stands below.
const HIGHEST = 3
// A strip that takes longer than this says that it is being made.
const SLOW_MS = 250
const SVG = 'http://www.w3.org/2000/svg'

// A piece of the line by which a way is drawn on the map.
export function swatch({ tone, dashed }) {
  const svg = document.createElementNS(SVG, 'svg'), line = document.createElementNS(SVG, 'line')
  for (const [name, value] of Object.entries({ width: 30, height: 8, viewBox: '0 0 30 8', 'aria-hidden': 'true', class: 'lx-swatch' })) svg.setAttribute(name, value)
  for (const [name, value] of Object.entries({ x1: 2, x2: 28, y1: 4, y2: 4, 'stroke-linecap': 'round', 'stroke-width': 2.6 })) line.setAttribute(name, value)
  line.style.stroke = tone
  line.style.strokeDasharray = dashed || 'none'
  svg.append(line)
  return svg
}

// How a step can be in data though it is many usual distances from the nearest image.
const reachWords = ({ reach }) => `In data reaches to ${number(reach, 1)} × the usual distance here: images lie dense in the middle and sparse at the rim.`
export const stepName = (strip, step, of) => (strip.way === 'shift' ? `strength ${number(strengthOf(step / (of - 1)), 1)}` : `step ${step + 1} of ${of}`)

// `onPoint(id, share)` while a pointer is over a strip, `onPick(id, share)` for a click on a step.
export function createStrips(box, { onPoint, onPick }) {
  const shown = new Map()         // id -> { strip, node, part, said }
  const height = () => Math.min(HIGHEST, Math.max(1.25, ...[...shown.values()].flatMap(({ said }) => said?.relative ?? [])))
  const most = () => Math.max(0.01, ...[...shown.values()].flatMap(({ said }) => said?.changes ?? []))

  // Which edges of a strip have more steps beyond them.
  function edges({ part }) {
    const track = part('track'), beyond = track.scrollWidth - track.clientWidth - track.scrollLeft
    mark(track, 'before', String(track.scrollLeft > 1))
    mark(track, 'after', String(beyond > 1))
  }
  const sizes = new ResizeObserver(() => shown.forEach(edges))

  function made(strip, title) {
    const node = element('section', 'lx-way-strip')
    node.dataset.id = strip.id
    node.setAttribute('aria-label', `${WAYS[strip.way].title}, ${title}`)
    node.innerHTML = `
      <div class="lx-strip-head">
        <button type="button" class="lx-strip-name" data-part="choose" aria-pressed="false" title="Put this way into the player"><span data-part="swatch"></span><b></b><span class="lx-note" data-part="model"></span></button>
        <dl class="lx-figures" data-part="figures"></dl>
        <p class="lx-note" data-part="words"></p>
      </div>
      <div class="lx-track" data-part="track">
        <div class="lx-cells" data-part="cells" role="listbox" aria-orientation="horizontal"></div>
        <p class="lx-note lx-strip-wait" data-part="wait" role="status"></p>
      </div>`
    const part = partsOf(node), way = WAYS[strip.way]
    part('swatch').append(swatch(way))
    part('choose').querySelector('b').textContent = way.title
    part('model').textContent = title
    part('choose').onclick = () => onPick(strip.id, null)
    const one = { strip, node, part, title, said: null }
    part('track').addEventListener('scroll', () => edges(one), { passive: true })
    sizes.observe(part('track'))
    part('cells').ariaLabel = `Steps of ${way.title}, ${title}. Left and right arrow keys walk.`
    // One stop for the Tab key in each strip; the arrow keys walk its steps.
    part('cells').onkeydown = event => {
      const cells = [...part('cells').children], now = cells.indexOf(document.activeElement)
      const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: cells.length - 1 }[event.key]
      if (now < 0 || !cells[next]) return
      event.preventDefault()
      cells[next].click()
      cells[next].focus()
    }
    part('cells').addEventListener('pointermove', event => {
      if (event.pointerType !== 'touch' && one.said) onPoint(strip.id, shareAt(one, event.clientX))
    })
    return one
  }
  // Where along the middles of its images a place of the screen is.
  function shareAt({ part }, x) {
    const cells = part('cells').children, middle = cell => { const { left, width } = cell.getBoundingClientRect(); return left + width / 2 }
    const [start, end] = [middle(cells[0]), middle(cells[cells.length - 1])]
    return Math.min(1, Math.max(0, (x - start) / (end - start || 1)))
  }

  function cell(one, step) {
    const node = element('button', 'lx-cell')
    node.type = 'button'
    node.setAttribute('role', 'option')
    node.setAttribute('aria-selected', false)
    node.tabIndex = step ? -1 : 0
    node.innerHTML = `<canvas class="lx-pixels" width="28" height="28"></canvas>
      <span class="lx-near"><i></i></span><span class="lx-stand"></span><span class="lx-change"><i></i><b></b></span>`
    node.onclick = () => onPick(one.strip.id, one.said.distance.length > 1 ? step / (one.said.distance.length - 1) : 0)
    return node
  }
  function fillCells(one, images) {
    const { part, said } = one, n = said.distance.length, cells = part('cells')
    while (cells.children.length > n) cells.lastChild.remove()
    while (cells.children.length < n) cells.append(cell(one, cells.children.length))
    const [high, wide, channels] = said.shape
    ;[...cells.children].forEach((node, step) => {
      paint(node.firstChild, images[step], high, wide, channels)
      const [sign, stands] = STANDING[said.standing[step]], change = said.changes[step]
      say(node.querySelector('.lx-stand'), `${sign} ${number(said.relative[step], 1)}`)
      mark(node, 'standing', said.standing[step])
      const words = `${stepName(one.strip, step, n)}: ${stands}, ${number(said.relative[step])} × the usual distance from the mean latent of the nearest training image` +
        `${change === undefined ? '' : `, change to the next ${number(change, 1)}`}`
      node.title = `${words}. ${said.why[step]}`
      node.setAttribute('aria-label', `${WAYS[one.strip.way].title}, ${one.title}, ${words}`)
      node.querySelector('.lx-change b').textContent = change === undefined ? '' : change.toFixed(1)
    })
  }
  // Bars of all strips have one scale, so that strips can be compared by eye.
  function scale() {
    const top = height(), largest = most()
    box.style.setProperty('--usual', 1 / top)
    for (const { part, said } of shown.values()) {
      if (!said) continue
      ;[...part('cells').children].forEach((node, step) => {
        node.style.setProperty('--near', Math.min(1, said.relative[step] / top))
        mark(node, 'cut', String(said.relative[step] > top))
        node.style.setProperty('--change', (said.changes[step] ?? 0) / largest)
      })
    }
  }
  function figures({ part, said }) {
    const all = [
      ['Length', number(said.length), 'Length of the way in latent units'],
      ['Change', number(said.change, 1), 'All changes of the image added up: the length of the way in pixels (L2)'],
      ['Roughness', number(said.roughness), 'The largest change divided by the mean one: 1 is perfectly even'],
      ['In data', counted(said.standing), 'Steps that lie among training images and come back when they are encoded again; a rare one is a training image itself, with few others near'],
    ]
    part('figures').replaceChildren(...all.flatMap(([name, value, title]) => {
      const [term, data] = [element('dt', '', name), element('dd', '', value)]
      term.title = data.title = title
      return [term, data]
    }))
    const far = said.relative.some((relative, step) => relative > HIGHEST && said.standing[step] === 'data')
    say(part('words'), [...said.words, ...(far ? [reachWords(said)] : [])].join(' '))
  }

  const strips = {
    // The strips of a view, in their order; those that are still shown keep what they show until their answer comes.
    open(list, titles) {
      for (const [id, { node }] of shown) if (!list.some(strip => strip.id === id)) { sizes.unobserve(node.querySelector('[data-part=track]')); node.remove(); shown.delete(id) }
      list.forEach((strip, at) => {
        if (!shown.has(strip.id)) shown.set(strip.id, made(strip, titles[strip.model] ?? strip.model))
        const { node } = shown.get(strip.id)
        if (box.children[at] !== node) box.insertBefore(node, box.children[at] ?? null)
      })
    },
    waiting(id) {
      const one = shown.get(id)
      mark(one.node, 'waiting', '')
      clearTimeout(one.slow)
      one.slow = setTimeout(() => say(one.part('wait'), one.strip.way === 'density' ? 'Finding the way over the training images…' : 'Decoding…'), SLOW_MS)
    },
    fill(id, { said, images }) {
      const one = shown.get(id)
      done(one)
      one.said = said
      fillCells(one, images)
      edges(one)
      figures(one)
      scale()
    },
    fault(id, sentence) {
      const one = shown.get(id)
      done(one)
      one.said = null
      one.part('cells').replaceChildren()
      one.part('figures').replaceChildren()
      say(one.part('words'), '')
      say(one.part('wait'), sentence)
    },
    said: id => shown.get(id)?.said ?? null,
    // The images of a strip, each with its place on the way and where it stands: [{ canvas, above, below }].
    cells(id) {
      const { strip, part, said } = shown.get(id), n = said.distance.length
      return [...part('cells').children].map((node, step) => ({
        canvas: node.firstChild, above: strip.way === 'shift' ? number(strengthOf(step / (n - 1)), 1) : String(step + 1),
        below: node.querySelector('.lx-stand').textContent,
      }))
    },
    // All that have an answer: [{ strip, title, said }].
    get filled() { return [...shown.values()].filter(({ said }) => said) },
    // The strip that is in the player, and where.
    mark(id, share) {
      for (const [other, { node, part, said }] of shown) {
        const on = other === id
        mark(node, 'on', String(on))
        part('choose').setAttribute('aria-pressed', on)
        const near = on && said ? Math.round(share * (said.distance.length - 1)) : -1
        ;[...part('cells').children].forEach((cell, step) => {
          const stop = step === Math.max(0, near) ? 0 : -1
          if (cell.tabIndex !== stop) cell.tabIndex = stop
          if (cell.dataset.here === String(step === near)) return
          mark(cell, 'here', String(step === near))
          cell.setAttribute('aria-selected', step === near)
        })
      }
    },
  }
  function done(one) {
    clearTimeout(one.slow)
    delete one.node.dataset.waiting
    say(one.part('wait'), '')
  }
  return strips
}
