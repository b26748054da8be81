// The plane: one row that reads image -> encoder -> latent plane -> decoder -> image. It knows the pointer in data
// coordinates anywhere, decodes there through the channel, and tells the page only of a place that was kept.
import { holds } from '../js/boxes.js'
import { openChannel } from '../js/channel.js'
import { listen } from '../js/gestures.js'
import { openThumbs, paint } from '../js/images.js'
import { indexPoints, nearestPoint, parsePoints } from '../js/points.js'
import { themeOf } from '../js/theme.js'
import { createFigure, loadPlotly } from './figure.js'
import { createLegend } from './legend.js'
import { createOverlay } from './overlay.js'
import { createPanel } from './panel.js'

// A pointer this near to a point means the point.
const SNAP_PIXELS = 7, SNAP_TOUCH = 14
// A pointer at rest this long asks for trust and neighbours.
const REST_MS = 140
// The image comes first: the page hears of a kept place a little later, because its script and the browser's own
// update would delay the decode.
const TELL_MS = 60
const STEP_PIXELS = 6, STEP_LARGE = 40
// Decoded cells along the longer side of the map.
const GRID_CELLS = 22, GRID_CELLS_SMALL = 14, SMALL_PIXELS = 500

const at = path => new URL(`./explorer/${path}`, document.baseURI).href
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-plane')
  if (!mounted.has(root)) mounted.set(root, createPlane(root, setTriggerValue))
  mounted.get(root).update(data)
}

function createPlane(root, setTriggerValue) {
  const part = name => root.querySelector(`[data-part=${name}]`)
  const plot = part('plot')
  const overlay = createOverlay(part('overlay'))
  const panel = createPanel(root, { onPick: row => keep(targetOfRow(row)) })
  const legend = createLegend(part('legend'), () => drawLayer())
  const channel = openChannel(at('decode').replace(/^http/, 'ws'), open => { root.dataset.connected = open })
  let shown = null          // what the page asked for: { model, dataset, projection, layer, row, place }
  let points = null, index = null, figure = null, thumbs = null
  let kept = null, target = null, rest = 0, generation = 0

  const mapPath = () => [shown.model, shown.dataset, shown.projection].map(encodeURIComponent).join('/')
  const placeOf = next => next.xy ?? [points.x[next.i], points.y[next.i]]

  function update(data) {
    const before = shown
    shown = data
    followTheme()
    if (!before || ['model', 'dataset', 'projection'].some(key => data[key] !== before[key])) return openMap()
    if (!figure) return
    if (data.label !== before.label) { drawLayer(); show(kept, true) }
    if (data.layer !== before.layer) drawLayer()
    if (!same(data, kept)) restore()
  }

  async function openMap() {
    const mine = ++generation
    root.dataset.ready = 'false'
    panel.fault('')
    figure = null
    gridSource = null
    try {
      const [Plotly, buffer] = await Promise.all([loadPlotly(at('plotly/plotly.min.js')), fetchPoints()])
      if (mine !== generation) return
      points = parsePoints(buffer)
      index = indexPoints(points)
      thumbs = openThumbs(chunk => at(`thumbs/${encodeURIComponent(shown.dataset)}/${chunk}`), points.about)
      panel.open({ ...points.about, raw: shown.projection === 'raw' }, thumbs)
      legend.open(points.about)
      const drawn = await createFigure(Plotly, plot, points, { theme: themeOf(root), onView: viewed })
      if (mine !== generation) return
      figure = drawn
    } catch (error) {
      if (mine !== generation) return
      root.dataset.ready = 'failed'
      panel.fault(`The map could not be drawn. ${error.message}`)
      return
    }
    drawLayer()
    restore()
    part('encoder-note').textContent = shown.encoderNote
    part('decoder-note').textContent = shown.decoderNote
    root.dataset.ready = 'true'
    countBeyond()
    thumbs.prefetch()
  }

  async function fetchPoints() {
    const answer = await fetch(at(`points/${mapPath()}`))
    if (!answer.ok) throw new Error(await answer.text())
    return answer.arrayBuffer()
  }

  // --- what is pointed at -----------------------------------------------------------------------------------------
  const targetOfRow = row => { const i = points.row.indexOf(row); return i < 0 ? null : { row, i } }
  const targetOf = ({ row, place }) =>
    (row !== null && targetOfRow(row)) || (place && { xy: place }) || { row: points.row[0], i: 0 }
  const same = (data, kept) => kept && (kept.xy ? data.place && kept.xy.every((v, k) => Math.abs(v - data.place[k]) < 1e-4)
    : data.row === kept.row)
  const nearest = place => nearestPoint(points, index, place, figure.unit(), i => legend.visible[points.label[i]])

  function targetAt(event) {
    const place = figure.toPlace(event.clientX, event.clientY), near = nearest(place)
    const snap = event.pointerType === 'touch' ? SNAP_TOUCH : SNAP_PIXELS
    if (near && near.pixels <= snap && shown.layer !== 'grid') return { row: points.row[near.i], i: near.i }
    return { xy: place, near: near?.i }
  }

  function show(next, resting = false) {
    if (!next) return
    target = next
    panel.waiting()
    const near = next.i ?? next.near ?? nearest(next.xy)?.i
    if (near !== undefined) panel.original(points.row[near], points.label[near], next.i !== undefined, legend.someHidden)
    overlay.point(placeOf(next))
    overlay.draw(figure)
    ask(next, false)                  // the image first; what is said of it follows
    clearTimeout(rest)
    if (resting) ask(next, true)
    else rest = setTimeout(() => { if (target === next) ask(next, true) }, REST_MS)
  }

  function ask(next, detail) {
    const common = { model: shown.model, dataset: shown.dataset, projection: shown.projection, label: shown.label, detail }
    const request = next.xy ? { kind: 'place', xy: [next.xy], ...common } : { kind: 'image', row: next.row, ...common }
    const mine = generation
    channel.ask(request, ({ n, height, width, channels, pixels, said }) => {
      if (mine !== generation) return
      panel.fault(said.error ?? '')
      if (!n) return
      paint(part('decoded'), pixels, height, width, channels)
      panel.decoded(said)
      if (next === kept) { overlay.posterior(said.sigma); overlay.draw(figure) }
    })
  }

  // Keep a place: it stays when the pointer leaves, and goes to the page (and so to the address).
  function keep(next, tell = true) {
    if (!next || (tell && root.dataset.connected === 'false')) return
    kept = next
    overlay.keep(placeOf(next))
    show(next, true)
    if (tell) setTimeout(() => setTriggerValue('commit', next.xy ? { place: next.xy } : { row: next.row }), TELL_MS)
  }

  // What the address says; a place beyond the view is brought into it.
  function restore() {
    keep(targetOf(shown), false)
    if (!holds(figure.view(), placeOf(kept))) figure.include(placeOf(kept))
  }

  // --- pointer and keys -------------------------------------------------------------------------------------------
  listen(plot, {
    inside: event => figure?.inside(event) ?? false,
    onPoint: event => figure && show(targetAt(event)),
    onClick: event => figure && keep(targetAt(event)),
    onLeave: () => figure && kept && target !== kept && show(kept, true),
    onPan: (dx, dy) => figure?.pan(dx, dy),
    onZoom: (factor, x, y) => figure?.zoom(factor, figure.toPlace(x, y)),
  })
  part('map').addEventListener('keydown', event => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    if (!figure || event.target !== part('map')) return
    if (event.key === 'Enter') keep(target)
    else if (event.key === 'Escape') show(kept, true)
    else if (steps[event.key]) walk(steps[event.key], event.shiftKey ? STEP_LARGE : STEP_PIXELS)
    else return
    event.preventDefault()
  })
  // A step in pixels; the map follows where the walk would leave it.
  function walk([dx, dy], size) {
    const [x, y] = figure.toPixels(placeOf(target)), box = plot.getBoundingClientRect()
    const next = { xy: figure.toPlace(box.left + x + dx * size, box.top + y + dy * size) }
    if (!holds(figure.view(), next.xy)) figure.pan(-dx * size, -dy * size)
    show(next)
  }

  // --- layers, tools, view ----------------------------------------------------------------------------------------
  let redraw = 0, gridSource = null
  function viewed() {
    if (!figure) return
    overlay.draw(figure)
    clearTimeout(redraw)
    redraw = setTimeout(() => { drawGrid(); countBeyond() }, 250)
  }
  function countBeyond() {
    if (!figure) return
    const count = figure.beyond()
    const [beyond, shownPoints, total] = [count, points.n, points.about.total].map(value => value.toLocaleString('en'))
    part('beyond').textContent = [
      points.n < points.about.total ? `First ${shownPoints} of ${total} images` : '',
      count ? `${beyond} of ${shownPoints} points lie beyond this view` : '',
    ].filter(Boolean).join(' · ')
  }
  function drawGrid() {
    if (!figure || shown.layer === 'points') return
    const v = figure.view(), width = v.x1 - v.x0, height = v.y1 - v.y0
    const n = plot.clientWidth < SMALL_PIXELS ? GRID_CELLS_SMALL : GRID_CELLS
    const [nx, ny] = [width, height].map(side => Math.max(1, Math.round(n * side / Math.max(width, height))))
    const source = at(`grid/${mapPath()}?x0=${v.x0}&x1=${v.x1}&y0=${v.y0}&y1=${v.y1}&nx=${nx}&ny=${ny}${shown.label === null ? '' : `&label=${shown.label}`}`)
    if (source === gridSource) return
    gridSource = source
    figure.background({ source, box: v })
  }
  function drawLayer() {
    if (!figure) return
    legend.enable(shown.layer !== 'grid')
    figure.show(legend.visible, shown.layer)
    if (shown.layer === 'points') { gridSource = null; figure.background(null) } else drawGrid()
  }
  part('zoom-in').onclick = () => figure?.zoom(1.6)
  part('zoom-out').onclick = () => figure?.zoom(1 / 1.6)
  part('reset').onclick = () => { legend.all(); figure?.reset() }
  part('save').onclick = () => figure?.save(`${shown.model}-${shown.projection}`, placeOf(kept))
  part('retry').onclick = openMap

  // A change of theme changes variables on the page; the drawing follows.
  let colours = ''
  function followTheme() {
    const theme = themeOf(root), now = theme.text + theme.background
    root.dataset.theme = theme.dark ? 'dark' : 'light'
    if (figure && colours && now !== colours) figure.recolour(theme)
    colours = now
  }
  part('map').addEventListener('pointerenter', followTheme)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => setTimeout(followTheme, 200))
  let size = ''
  new ResizeObserver(([{ contentRect: { width, height } }]) => {
    const now = `${Math.round(width)} ${Math.round(height)}`
    if (figure && size && now !== size) figure.resize().then(() => overlay.draw(figure))
    size = now
  }).observe(plot)

  return { update }
}
