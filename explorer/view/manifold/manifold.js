// The manifold of a 2-D latent space as one picture: zoomed and moved by hand, redecoded sharply for what is in view.
import { at, channelUrl } from '../js/address.js'
import { openChannel } from '../js/channel.js'
import { eachFrame, element, partsOf, say } from '../js/dom.js'
import { canvasBlob, download } from '../js/download.js'
import { listen } from '../js/gestures.js'
import { latest } from '../js/latest.js'
import { watchLook } from '../js/look.js'
import { fetchSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { themeOf } from '../js/theme.js'
import { number } from '../js/words.js'
import { ZOOM, listenKeys } from '../plane/keys.js'
import { createBeside } from './beside.js'
import { bounded, cellsFor, createPlane, viewOf, zoomed, zoomText } from './lattice.js'
import { createSheet } from './sheet.js'

// A pointer at rest this long asks for trust and neighbours.
const REST_MS = 140
// Pictures that are remembered: some zooming in and out needs no decoding.
const REMEMBERED = 32
// The page hears of a view that has come to rest.
const TELL_MS = 400
const SETTINGS = ['spaced', 'reach', 'label', 'zoom']
// Those with a control of their own.
const CONTROLS = ['spaced', 'reach', 'label']

const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-manifold')
  if (!mounted.has(root)) mounted.set(root, createManifold(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createManifold(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open })
  const box = part('sheet'), sheet = createSheet(part('picture'))
  const beside = createBeside(part('beside'))
  const look = watchLook(root, box, { onTheme: draw, onSize: () => { draw(); decode() } }, life.signal)
  let shown = null, state = null, frame = null, plane = null
  let view = viewOf(''), kept = null, pointed = null, rest = 0, generation = 0
  const pictures = new Map()                    // decoded parts, the newest last: address -> { key, box, across, bitmap }

  const keyOf = () => JSON.stringify([shown.model, shown.dataset, shown.count, ...CONTROLS.map(key => state[key])])
  const drawSoon = eachFrame(draw)

  // --- what is asked for ----------------------------------------------------------------------------------------------
  async function update(data) {
    const before = shown, changed = key => !before || data[key] !== before[key]
    shown = data
    look.follow()
    if (!changed('model')) told.heard(data, state, SETTINGS)
    else state = Object.fromEntries(SETTINGS.map(key => [key, data[key]]))
    if (['model', 'dataset', 'count'].some(changed)) return open()
    if (!frame) return
    settle()
    if (changed('subject') && !told.waits('place')) keepSubject()
  }
  async function open() {
    const mine = ++generation
    frame = null
    pictures.clear()
    try {
      const answer = await fetch(at(`manifold/${encodeURIComponent(shown.model)}/${encodeURIComponent(shown.dataset)}?count=${shown.count}`))
      if (!answer.ok) throw new Error(await answer.text())
      const said = await answer.json()
      if (mine !== generation) return
      frame = said
      beside.open(shown, said)
      fault('')
    } catch (error) {
      if (mine === generation) fault(error.message)
      return
    }
    const names = [['', 'of the nearest image'], ...frame.classes.map((name, i) => [i, name])]
    part('label').replaceChildren(...names.map(([value, name]) => Object.assign(element('option', '', name), { value })))
    settle()
    keepSubject()
  }
  // The settings as they are now, on their controls and in the picture.
  function settle() {
    part('label-box').hidden = !frame.told
    part('reach-box').hidden = state.spaced !== 'linear'
    for (const key of CONTROLS) part(key).value = state[key] ?? ''
    say(part('reach-said'), `± ${number(state.reach, 1)} σ`)
    plane = createPlane(frame, state.spaced, state.reach)
    if (zoomText(view) !== state.zoom) view = viewOf(state.zoom)
    draw()
    decode()
    if (pointed) show({ z: pointed }, true)
    else if (kept) show(kept, true)
  }
  function set(changes) {
    state = { ...state, ...changes, ...(changes.spaced || changes.reach ? { zoom: '' } : {}) }
    settle()
  }
  const fault = words => { part('fault').hidden = !words; say(part('fault'), words) }

  part('spaced').onchange = () => { set({ spaced: part('spaced').value }); told.tell({ spaced: state.spaced, zoom: '' }) }
  part('reach').oninput = () => set({ reach: Number(part('reach').value) })
  part('reach').onchange = () => told.tell({ reach: state.reach, zoom: '' })
  part('label').onchange = () => { set({ label: part('label').value === '' ? null : Number(part('label').value) }); told.tell({ label: state.label }) }

  // --- the picture ----------------------------------------------------------------------------------------------------
  const decoding = latest(async ({ key, cells, address }, current) => {
    if (key !== keyOf()) return
    root.dataset.across = cells.across
    try {
      if (pictures.has(address)) return
      const answer = await fetch(address)
      if (!answer.ok) throw new Error(await answer.text())
      const bitmap = await createImageBitmap(await answer.blob())
      pictures.set(address, { key, ...cells, bitmap })
      while (pictures.size > REMEMBERED) pictures.delete(pictures.keys().next().value)
      fault('')
      drawSoon()
    } catch (error) { fault(error.message) } finally {
      if (current()) { draw(); root.dataset.ready = 'true' }
    }
  })
  function decode() {
    if (!plane) return
    root.dataset.ready = 'false'
    const { width } = sheet.area(), cells = cellsFor(view, width, Math.min(64, Math.max(24, 0.85 * shown.height)))
    const { x0, x1, y0, y1 } = plane.asked(cells.box), names = [shown.model, shown.dataset].map(encodeURIComponent).join('/')
    const query = new URLSearchParams({ x0, x1, y0, y1, nx: cells.nx, ny: cells.ny, count: shown.count, spaced: state.spaced })
    if (frame.told && state.label !== null) query.set('label', state.label)
    decoding.ask({ key: keyOf(), cells, address: at(`grid/${names}/raw?${query}`) })
  }
  function draw() {
    if (!plane) return
    // Cells finer than those asked for stand in for them only until they are here.
    const key = keyOf(), known = [...pictures.values()].filter(one => one.key === key), asked = Number(root.dataset.across)
    const finer = one => Number(one.across > asked), layers = known.sort((one, other) => finer(other) - finer(one) || one.across - other.across)
    sheet.draw({ view, layers, plane, kept: kept && plane.toPlace(kept.z), pointed: pointed && plane.toPlace(pointed), theme: themeOf(root) })
    root.dataset.view = [view.x0, view.x1, view.y0, view.y1].map(value => value.toFixed(5)).join(',')
  }
  function lookAt(next) {
    view = bounded(next)
    state.zoom = zoomText(view)
    drawSoon()
    decode()
    told.tell({ zoom: state.zoom }, TELL_MS)
  }
  const zoom = (factor, place) => lookAt(zoomed(view, factor, place ?? [(view.x0 + view.x1) / 2, (view.y0 + view.y1) / 2]))
  function pan(dx, dy) {
    const { width, height } = sheet.area(), x = -dx / width * (view.x1 - view.x0), y = dy / height * (view.y1 - view.y0)
    lookAt({ x0: view.x0 + x, x1: view.x1 + x, y0: view.y0 + y, y1: view.y1 + y })
  }

  // --- one latent -----------------------------------------------------------------------------------------------------
  // What is chosen already: its latent, with the class that the model is told.
  async function keepSubject() {
    const mine = generation
    try {
      const one = await fetchSubject({ ...shown, projection: 'raw', label: state.label }, shown.subject)
      if (mine !== generation) return
      kept = { z: one.z }
      show(kept, true)
      drawSoon()
    } catch (error) { if (mine === generation) fault(error.message) }
  }
  function show(one, resting = false) {
    clearTimeout(rest)
    ask(one, resting)
    if (!resting) rest = setTimeout(() => ask(one, true), REST_MS)
  }
  function ask(one, detail) {
    const { model, dataset, count } = shown, mine = generation
    const request = { kind: 'place', model, dataset, count, projection: 'raw', label: frame.told ? state.label : null, detail, neighbours: 1 }
    channel.ask({ ...request, xy: [one.z] }, answer => { if (mine === generation) beside.show(one.z, answer) })
  }
  const placeAt = (x, y) => { const [u, v] = sheet.toShare(x, y, view); return plane.toLatent([u, v]) }
  function point(z) { pointed = z; show({ z }); drawSoon() }
  function keep(z) {
    const rounded = z.map(value => Number(value.toFixed(4)))
    kept = { z: rounded }
    pointed = null
    show(kept, true)
    drawSoon()
    told.tell({ place: rounded.join(',') })
  }
  function leave() {
    if (!pointed) return
    pointed = null
    if (kept) show(kept, true)
    drawSoon()
  }

  listen(box, {
    inside: event => Boolean(plane) && sheet.holds(event.clientX, event.clientY),
    mode: () => 'hover',
    onPoint: event => point(placeAt(event.clientX, event.clientY)),
    onClick: event => keep(placeAt(event.clientX, event.clientY)),
    onLeave: leave,
    onPan: pan,
    onZoom: (factor, x, y) => zoom(factor, sheet.toShare(x, y, view)),
    onStroke: () => {},
  }, life.signal)
  listenKeys(box, {
    awake: () => Boolean(plane),
    onWalk(dx, dy) {
      const { width, height } = sheet.area(), [u, v] = plane.toPlace(pointed ?? kept?.z ?? frame.centre)
      const next = [u + dx / width * (view.x1 - view.x0), v - dy / height * (view.y1 - view.y0)]
      if (next[0] < view.x0 || next[0] > view.x1 || next[1] < view.y0 || next[1] > view.y1) pan(-dx, -dy)
      point(plane.toLatent(next))
    },
    onKeep: () => { if (pointed) keep(pointed) },
    onEscape: () => { leave(); lookAt(viewOf('')) },
    onZoom: factor => zoom(factor, pointed && plane.toPlace(pointed)),
  })
  part('zoom-in').onclick = () => zoom(ZOOM)
  part('zoom-out').onclick = () => zoom(1 / ZOOM)
  part('reset').onclick = () => lookAt(viewOf(''))
  part('save').onclick = async () => {
    const drawnAs = frame.told && state.label !== null ? `, as ${frame.classes[state.label]}` : ''
    const spacing = state.spaced === 'normal' ? `cells by the quantiles of ${frame.words}` : `even steps, ± ${state.reach} σ`
    download(await canvasBlob(sheet.page(`${shown.title}${drawnAs}`, spacing)), `${shown.model}-manifold.png`)
  }

  return {
    update,
    close() {
      generation++
      clearTimeout(rest)
      life.abort()
      channel.close()
      decoding.close()
      mounted.delete(root)
    },
  }
}
