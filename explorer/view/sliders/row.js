// One dimension: its name and KL, its slider over the strip of what it does, the scale below, its value as a number.
import { element, mark, say } from '../js/dom.js'
import { number } from '../js/words.js'
import { LARGEST, plain, readNumber, spanning, stepOf } from './moves.js'
import { filmstrip } from './strips.js'
import { listenTouch } from './touch.js'

const TICKS = [-3, -2, -1, 0, 1, 2, 3]

// `on` hears move(dimension, value), settle() when a hand lets go, and reset(dimension).
export function createRow(facts, dimension, on) {
  const name = facts.names[dimension], spoken = `${facts.family === 'pca' ? 'Component' : 'Dimension'} ${dimension + 1}`
  const dead = facts.why[dimension], node = element('li', 'lx-knob')
  const canvas = element('canvas', 'lx-film lx-pixels'), face = element('canvas', 'lx-face lx-pixels'), slider = input('range', spoken), field = input('text', `Value of ${spoken}`)
  const scale = element('div', 'lx-ticks'), band = element('div', 'lx-band'), away = element('span', 'lx-away lx-note'), beyond = element('span', 'lx-beyond')
  const back = Object.assign(element('button', 'lx-back', '↺'), { type: 'button', title: `Put ${name} back where it started (double click on the slider does it too)` })
  back.setAttribute('aria-label', `Reset ${spoken}`)
  const row = { node, dimension, dead: Boolean(dead), range: [facts.low[dimension], facts.high[dimension]], drawn: null, inSight: false,
    set, draw, drawFace, focus: () => slider.focus() }
  const note = element('span', 'lx-typed lx-note')
  let holds = 0                  // the value that is shown
  let written = '', typing = false

  node.dataset.dimension = dimension + 1
  node.dataset.dead = row.dead
  for (const picture of [canvas, face]) picture.setAttribute('aria-hidden', 'true')
  Object.assign(field, { autocomplete: 'off', spellcheck: false, enterKeyHint: 'done', title: 'Any number, with a point or a comma; arrow up and down move it' })
  note.setAttribute('role', 'status')
  scale.setAttribute('aria-hidden', 'true')
  node.append(head(), track(), value())
  slider.setAttribute('aria-description', dead || carriedTitle(facts, dimension))
  listen()
  return row

  function head() {
    const box = element('div', 'lx-knob-name'), bar = element('span', 'lx-kl'), [share, words] = carried(facts, dimension)
    bar.style.setProperty('--share', share)
    box.append(element('b', 'lx-dim', name), bar, element('span', 'lx-kl-words', words))
    box.title = dead || carriedTitle(facts, dimension)
    return box
  }
  function track() {
    const box = element('div', 'lx-track')
    scale.append(band)
    box.append(canvas, face, slider, scale, beyond)
    if (dead) box.append(element('span', 'lx-dead', facts.kl ? 'this one does nothing: posterior collapse' : 'this one does nothing: it hardly varies'))
    return box
  }
  function value() {
    const box = element('div', 'lx-knob-value')
    box.append(field, back, away, note)
    return box
  }

  function listen() {
    const move = () => on.move(dimension, slider.valueAsNumber)
    const touch = listenTouch(slider, { onSlide: x => { slider.value = valueUnder(x); move() }, onEnd: on.settle })
    slider.oninput = () => { if (touch.busy) slider.value = holds; else move() }
    slider.onchange = on.settle
    slider.ondblclick = () => on.reset(dimension)
    slider.onkeydown = event => {
      const step = keyStep(event, row.range)
      if (event.key === 'Delete' || event.key === 'Backspace') on.reset(dimension)
      else if (step === 0) return
      else { slider.value = slider.valueAsNumber + step; move(); on.settle() }
      event.preventDefault()
    }
    field.oninput = () => {
      typing = true
      say(note, '')
      const read = readNumber(field.value)
      if (Math.abs(read) <= LARGEST) on.move(dimension, read)
    }
    field.onblur = typed
    field.onkeydown = event => {
      if (event.key === 'Enter') return typed()
      const step = /Up|Down/.test(event.key) ? keyStep(event, row.range) : 0
      if (!step) return
      event.preventDefault()
      typing = false
      on.move(dimension, bounded(+plain(holds + step)))
      on.settle()
    }
    back.onclick = () => on.reset(dimension)
  }

  // Typing ended: the field shows what holds, and a sentence says where that is not what was typed.
  function typed() {
    if (!typing) return
    typing = false
    const read = readNumber(field.value), words = typedWords(field.value, name, holds)
    if (Number.isNaN(read)) field.value = written
    else on.move(dimension, bounded(read))
    say(note, words)
    on.settle()
  }
  // The value of a place on the screen, where the middle of the thumb comes to stand.
  function valueUnder(x) {
    const { left, width } = slider.getBoundingClientRect(), cell = width / getComputedStyle(slider).getPropertyValue('--lx-steps')
    return row.range[0] + (x - left - cell / 2) / (width - cell) * (row.range[1] - row.range[0])
  }

  // Shows a value; `start` is where it started, with the posterior's standard deviation `sigma` (null: there is none).
  function set(value, { start, sigma, moved }) {
    const range = spanning(facts.low[dimension], facts.high[dimension], start)
    if (range[0] !== row.range[0] || range[1] !== row.range[1] || !scale.dataset.drawn) span(range)
    const shown = String(value)
    if (value !== holds) say(note, '')
    holds = value
    if (slider.value !== shown) slider.value = shown
    face.style.setProperty('--share', Math.max(0, Math.min(1, shareOf(value))))
    // A latent has more digits than are read; what a person set has those that were set.
    written = plain(moved ? value : +value.toFixed(3))
    if (!typing && field.value !== written) field.value = written
    node.dataset.moved = moved
    back.disabled = !moved
    const words = moved ? awayWords(value - start, sigma) : '', past = pastEnd(value)
    say(away, words)
    slider.setAttribute('aria-valuetext', [number(value), past && 'beyond this strip', moved && (sigma === null ? words : `${words} from the start`)].filter(Boolean).join(', '))
    place(start, sigma)
  }
  // A value beyond the ends of the strip: the thumb stands at the end, and words say that the value does not.
  function pastEnd(value) {
    const [low, high] = row.range, past = value > high ? 'right' : value < low ? 'left' : ''
    mark(node, 'beyond', past)
    say(beyond, past && (past === 'right' ? 'beyond »' : '« beyond'))
    if (past) beyond.title = `${name} = ${number(value)} lies beyond this strip, which ends at ${number(past === 'right' ? high : low)}`
    return past
  }
  // The ends of the slider, and the ticks of its scale.
  function span(range) {
    row.range = range
    Object.assign(slider, { min: range[0], max: range[1], step: stepOf(...range) })
    const ticks = TICKS.map(k => [k, facts.centre[dimension] + k * facts.unit[dimension]])
    scale.replaceChildren(band, ...ticks.filter(([, at]) => at >= range[0] && at <= range[1]).map(([k, at]) => {
      const tick = element('span', 'lx-tick', k ? `${k > 0 ? '+' : '−'}${Math.abs(k)}σ` : '0')
      tick.style.setProperty('--at', shareOf(at))
      return tick
    }))
    scale.dataset.drawn = 'true'
  }
  // Where it started, with one and two standard deviations of the posterior around it.
  function place(start, sigma) {
    const { at, wide, cut } = bandOf(start, sigma, row.range)
    band.style.setProperty('--at', at)
    band.style.setProperty('--wide', wide)
    mark(scale, 'cut', cut)
    const words = sigma === null ? `Started at ${number(start)}` : `Posterior of the start: mean ${number(start)}, σ ${+sigma.toPrecision(2)} (1 and 2 σ)${cut && ', wider than this strip'}`
    if (band.title !== words) band.title = words
  }
  function shareOf(value) { return (value - row.range[0]) / (row.range[1] - row.range[0]) }

  // What the thumb frames: the image of the value that it stands for, and not the two images between which it stands.
  function drawFace(image) {
    if (face.width !== image.width || face.height !== image.height) Object.assign(face, { width: image.width, height: image.height })
    face.getContext('2d').drawImage(image, 0, 0)
  }
  function draw(pixels, steps, shape) {
    const image = filmstrip(pixels, steps, shape)
    if (canvas.width !== image.width || canvas.height !== image.height) Object.assign(canvas, { width: image.width, height: image.height })
    canvas.getContext('2d').putImageData(image, 0, 0)
    canvas.dataset.steps = steps
  }
}

function input(type, label) {
  const made = Object.assign(document.createElement('input'), { type })
  made.setAttribute('aria-label', label)
  return made
}

// The bar of the posterior as shares of the slider: its middle, its standard deviation, no more than can be told apart, and at
// which ends its two standard deviations are cut. The track goes half a cell beyond its ends, at least so much.
const WIDEST = 2, EDGE = 0.02
export function bandOf(start, sigma, [low, high]) {
  const at = (start - low) / (high - low), wide = Math.min(WIDEST, (sigma ?? 0) / (high - low))
  return { at, wide, cut: [at - 2 * wide < -EDGE && 'left', at + 2 * wide > 1 + EDGE && 'right'].filter(Boolean).join(' ') }
}

const bounded = value => Math.max(-LARGEST, Math.min(LARGEST, value))

// What there is to say of what was typed for a dimension whose value is `holds`.
export function typedWords(text, name, holds) {
  const read = readNumber(text), typed = text.trim(), stays = `${name} stays ${number(holds, 3)}.`
  if (Number.isNaN(read)) return typed ? `“${typed.slice(0, 20)}” is not a number: ${stays}` : `No number was typed: ${stays}`
  return Math.abs(read) > LARGEST ? `${name} goes from ${number(-LARGEST, 0)} to ${LARGEST} and no further.` : ''
}

// How far an arrow moves: a sixtieth of the slider, with Shift and by Page keys a tenth, with Alt one step. 0 for other keys.
export function keyStep({ key, shiftKey, altKey }, [low, high]) {
  const way = { ArrowRight: 1, ArrowUp: 1, PageUp: 1, ArrowLeft: -1, ArrowDown: -1, PageDown: -1 }[key] ?? 0
  return way * (altKey ? stepOf(low, high) : shiftKey || key.startsWith('Page') ? (high - low) / 10 : (high - low) / 60)
}

// How far a dimension was moved from its start, in standard deviations of the posterior where there are any.
export function awayWords(by, sigma) {
  const signed = value => (value < 0 ? '' : '+') + number(value, Math.abs(value) < 10 ? 1 : 0)
  return sigma === null ? `${by < 0 ? '' : '+'}${number(by)} from the start` : `${signed(by / sigma)} σ of the posterior`
}

// What a dimension carries: its share of the largest, and in words; of the variance where there is no KL.
function carried({ kl, share }, dimension) {
  const of = kl ?? share, largest = Math.max(...of, 1e-9)
  return [of[dimension] / largest, kl ? `${kl[dimension].toFixed(kl[dimension] < 0.01 ? 3 : 2)} nats` : `${(100 * share[dimension]).toPrecision(2)} %`]
}
function carriedTitle({ kl, sigma, share, images }, dimension) {
  const of = `over ${images.toLocaleString('en')} images`
  return kl ? `KL(q(z|x) ‖ p(z)) of this dimension: ${kl[dimension].toPrecision(3)} nats, mean ${of}. Posterior σ: ${sigma[dimension].toPrecision(2)}, mean ${of}.`
    : `This one has ${(100 * share[dimension]).toPrecision(3)} % of the variance of the latents ${of}. This model has no KL.`
}
