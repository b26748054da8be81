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
const mounted = new WeakMap()

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
    const [height, width, channels] = said.shape, size = height * width * channels, first = said.original ? 1 : 0, n = said.steps.length
    say(part('words'), said.words)
    const cards = part('strip')
    while (cards.children.length > n + 1) cards.lastChild.remove()
    while (cards.children.length < n + 1) {
      const card = element('li'), canvas = element('canvas', 'lx-pixels')
      canvas.dataset.testid = 'trip'
      canvas.setAttribute('role', 'img')
      card.append(canvas, element('b'), element('span', 'lx-thumb-note'))
      cards.append(card)
    }
    for (let k = 0; k <= n; k++) {
      const card = cards.children[k], [canvas, name, note] = card.children, reads = said.reads?.[k]
      paint(canvas, pixels.subarray((first + k) * size, (first + k + 1) * size), height, width, channels)
      say(name, k ? `${k} ${k === 1 ? 'trip' : 'trips'}` : 'decoded')
      say(note, reads === undefined ? '\u00a0' : `read as ${reads}`)
      canvas.ariaLabel = [
        k ? `After ${name.textContent}` : 'Decoded', reads && `read as ${reads}`, k && `moved by ${said.steps[k - 1].toPrecision(2)}`,
      ].filter(Boolean).join(', ')
      card.toggleAttribute('data-settled', said.settled !== null && k >= said.settled)
    }
    drawSteps(said)
    drawTrail(said)
    mark(root, 'trips', String(n))
    mark(root, 'settled', String(said.settled))
    mark(root, 'subject', view.subject)
    root.dataset.ready = 'true'
  }
  function drawSteps({ steps, tolerance }) {
    // A step of a VQ-VAE may be none at all, which has no logarithm.
    const floor = Math.min(tolerance / 2, ...steps.filter(step => step > 0))
    const points = steps.map((step, k) => [k + 1, Math.max(step, floor)])
    const top = Math.max(...points.map(([, step]) => step), tolerance) * 1.6
    drawPlot(part('steps'), {
      x: { range: [1, Math.max(2, steps.length)], title: 'trip' }, y: { range: [floor * 0.7, top], log: true, title: 'step in latent units' },
      lines: [{ points, tone: 'lx-tone-step', dots: steps.length <= 30 }],
      marks: [{ y: tolerance, tone: 'lx-tone-still', dashed: true, words: `no step: below ${tolerance.toPrecision(2)}` }],
      label: `Steps of the trips: the first ${steps[0].toPrecision(2)}, the last ${steps.at(-1).toPrecision(2)}; `
        + `below ${tolerance.toPrecision(2)} counts as none.`,
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
