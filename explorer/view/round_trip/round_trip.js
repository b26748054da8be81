// Round trips: the images one after the other, how far each trip goes, and the trail on the map.
import { at } from '../js/address.js'
import { offerAnother } from '../js/another.js'
import { parseHead } from '../js/binary.js'
import { element, mark, partsOf, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { createMinimap } from '../js/minimap.js'
import { drawPlot } from '../js/plot.js'
import { createSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { number } from '../js/words.js'

const TELL_MS = 200
const FIRST = 12, MOST = 24       // images in a row at the beginning, and in all
const mounted = new WeakMap()

const size = step => (step ? step.toPrecision(2) : '0')
// After which of `n` trips the image is shown: all of few; else the first in a row and as many evenly on to the last.
function shownOf(n) {
  const rest = MOST - FIRST, last = FIRST - 1
  return Array.from({ length: Math.min(MOST, n + 1) }, (_, k) => (n < MOST || k < FIRST ? k : last + Math.round((n - last) * (k - last) / rest)))
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-trips')
  if (!mounted.has(root)) mounted.set(root, createTrips(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createTrips(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const state = { trips: 20 }
  const subject = createSubject(part('subject'), { onCommit: picture => told.tell(picture), onFault: fault }, life.signal)
  offerAnother(subject, () => view.total, row => told.tell({ row }))
  const look = watchLook(root, part('steps'), {}, life.signal)
  let view = null, minimap = null, asking = false, wanted = null

  function fault(words) { say(part('fault'), words); part('fault').hidden = !words }
  function update(data) {
    const before = view
    view = data
    look.follow()
    told.heard(data, state, ['trips'])
    const differs = (...keys) => keys.some(key => !before || before[key] !== data[key])
    if (differs('model', 'dataset', 'count', 'projection')) openMap()
    if (differs('model', 'dataset', 'count', 'projection', 'subject', 'label')) {
      fault('')
      subject.open(view, view.subject).catch(error => fault(error.message))
    }
    show()
  }
  function openMap() {
    minimap?.close()
    minimap = createMinimap(part('map'), {
      view, label: 'Map of latents with the trail of the round trips. Pick a point to start from it',
      onPick: ({ row, place }) => told.tell(place ? { place: place.map(value => value.toFixed(4)).join(',') } : { row }),
    })
  }
  function show() {
    part('trips').value = state.trips
    say(part('trips-says'), String(state.trips))
    const names = ['model', 'dataset', 'projection'].map(key => encodeURIComponent(view[key])).join('/')
    const label = view.label === null ? '' : `&label=${view.label}`
    wanted = `round-trip/${names}?count=${view.count}&at=${encodeURIComponent(view.subject)}&n=${state.trips}${label}`
    ask()
  }
  // One question at a time, the newest wins: the slider asks as it is dragged.
  let shown = ''
  async function ask() {
    if (asking) return
    asking = true
    while (wanted !== shown) {
      const mine = wanted
      try {
        const answer = await fetch(at(mine))
        if (!answer.ok) throw new Error(await answer.text())
        const buffer = await answer.arrayBuffer(), head = parseHead(buffer)
        draw(head.said, new Uint8Array(buffer, head.at))
      } catch (error) { fault(error.message) }
      shown = mine
    }
    asking = false
  }

  function draw(said, pixels) {
    const [height, width, channels] = said.shape, bytes = height * width * channels, first = said.original ? 1 : 0
    const n = said.steps.length, trips = shownOf(n)
    say(part('words'), said.words)
    const cards = part('strip')
    while (cards.children.length > trips.length) cards.lastChild.remove()
    while (cards.children.length < trips.length) {
      const card = element('li'), canvas = element('canvas', 'lx-pixels')
      canvas.dataset.testid = 'trip'
      canvas.setAttribute('role', 'img')
      card.append(canvas, element('b'), element('span', 'lx-thumb-note'))
      cards.append(card)
    }
    say(part('shown'), trips.length > n ? '' : `${trips.length} of ${n + 1} shown: the first ${FIRST}, then evenly on to the last.`)
    trips.forEach((k, nth) => {
      const card = cards.children[nth], [canvas, name, note] = card.children, reads = said.reads?.[k]
      paint(canvas, pixels.subarray((first + k) * bytes, (first + k + 1) * bytes), height, width, channels)
      say(name, k ? `${k} ${k === 1 ? 'trip' : 'trips'}` : 'decoded')
      say(note, reads === undefined ? '\u00a0' : `read as ${reads}`)
      canvas.ariaLabel = [
        k ? `After ${name.textContent}` : 'Decoded', reads && `read as ${reads}`, k && `moved by ${size(said.steps[k - 1])}`,
      ].filter(Boolean).join(', ')
      card.toggleAttribute('data-settled', said.settled !== null && k >= said.settled)
      mark(card, 'trip', String(k))
    })
    drawSteps(said)
    drawTrail(said)
    mark(root, 'trips', String(n))
    mark(root, 'settled', String(said.settled))
    mark(root, 'subject', view.subject)
    root.dataset.ready = 'true'
  }
  function drawSteps({ steps, tolerance, codes }) {
    // A step of 0 has no logarithm: none is drawn, and words say where they begin. All that come after it are 0 too.
    const points = steps.map((step, k) => [k + 1, step]).filter(([, step]) => step > 0)
    const sizes = points.map(([, step]) => step), still = steps.indexOf(0) + 1
    const words = `0 from here${codes ? ': the same codes' : ''}`
    drawPlot(part('steps'), {
      x: { range: [0.5, steps.length + 0.5], whole: true, title: 'trip' },
      y: { range: [Math.min(tolerance / 2, ...sizes) * 0.7, Math.max(tolerance, ...sizes) * 1.6], log: true, title: 'step in latent units' },
      lines: [{ points, tone: 'lx-tone-step', dots: points.length <= 30 }],
      marks: [
        { y: tolerance, tone: 'lx-tone-still', dashed: true, words: `no step: below ${tolerance.toPrecision(2)}` },
        ...(still ? [{ x: still, tone: 'lx-tone-zero', dashed: true, words }] : []),
      ],
      label: `Steps of the trips: the first ${size(steps[0])}, the last ${size(steps.at(-1))}; `
        + `below ${size(tolerance)} counts as none.${still ? ` Trip ${still}: ${words}.` : ''}`,
    })
  }
  async function drawTrail({ places, exact }) {
    const map = minimap
    const placed = exact ? '' : ' This map has no formula, so each latent is placed among its nearest encoded images.'
    say(part('map-words'), `From A, each corner is one trip; Z is where it is now.${placed} Pick a point or a place to start there.`)
    mark(root, 'trail', places.map(place => place.map(value => number(value, 3)).join(',')).join(' '))
    if (!await map.ready || map !== minimap) return
    map.path('trail', places, { tone: 'var(--lx-reconstruction)' })
    map.dot('start', places[0], 'A')
    map.dot('end', places.at(-1), 'Z')
    map.reveal(places)
  }

  part('trips').oninput = event => {
    state.trips = Number(event.target.value)
    show()
    told.tell({ trips: state.trips }, TELL_MS)
  }
  return { update, close() { life.abort(); minimap?.close(); told.close() } }
}
