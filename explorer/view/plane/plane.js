// The plane: one row that reads image -> encoder -> latent plane -> decoder -> image. It knows the pointer in data
// coordinates anywhere, decodes there through the channel, and tells the page only of a place that was kept.
import { openChannel } from '../js/channel.js'
import { openThumbs, paint } from '../js/images.js'
import { indexPoints, nearestPoint, parsePoints } from '../js/points.js'
import { classColour, themeOf } from '../js/theme.js'
import { createFigure, loadPlotly } from './figure.js'
import { createOverlay } from './overlay.js'
import { createPanel } from './panel.js'

// A pointer this near to a point means the point.
const SNAP_PIXELS = 7, SNAP_TOUCH = 12
// A pointer at rest this long asks for trust and neighbours.
const REST_MS = 140
const STEP_PIXELS = 6, STEP_LARGE = 40

const at = path => new URL(`./explorer/${path}`, document.baseURI).href
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-plane')
  if (!mounted.has(root)) mounted.set(root, createPlane(root, setTriggerValue))
  mounted.get(root).update(data)
}

function createPlane(root, setTriggerValue) {
  const part = name => root.querySelector(`[data-part=${name}]`)
  const plot = part('plot'), touch = matchMedia('(pointer: coarse)').matches
  const overlay = createOverlay(part('overlay'))
  const panel = createPanel(root, { onPick: row => keep(targetOfRow(row)) })
  const channel = openChannel(at('decode').replace(/^http/, 'ws'), open => { root.dataset.connected = open })
  let shown = null          // what the page asked for: { model, dataset, projection, layer, row, place }
  let points = null, index = null, figure = null, thumbs = null, visible = []
  let kept = null, target = null, rest = 0, generation = 0

  const visiblePoint = i => visible[points.label[i]]
  const mapPath = () => [shown.model, shown.dataset, shown.projection].map(encodeURIComponent).join('/')

  async function update(data) {
    const before = shown
    shown = data
    if (!before || ['model', 'dataset', 'projection'].some(key => data[key] !== before[key])) return openMap()
    followTheme()
    if (!figure) return
    if (data.layer !== before.layer) drawLayer()
    if (!same(data, kept)) keep(targetOf(data), false)
    overlay.draw(figure)
  }

  async function openMap() {
    const mine = ++generation
    root.dataset.ready = 'false'
    figure = null
    try {
      const [Plotly, buffer] = await Promise.all([loadPlotly(at('plotly/plotly.min.js')), fetchPoints()])
      if (mine !== generation) return
      points = parsePoints(buffer)
      index = indexPoints(points)
      thumbs = openThumbs(chunk => at(`thumbs/${encodeURIComponent(shown.dataset)}/${chunk}`), points.about)
      visible = points.about.classes.map(() => true)
      panel.open(points.about, thumbs)
      panel.fault('')
      const drawn = await createFigure(Plotly, plot, points, {
        raw: shown.projection === 'raw', theme: themeOf(root), touch, onView: moved,
      })
      if (mine !== generation) return
      figure = drawn
    } catch (error) {
      if (mine === generation) panel.fault(`The map could not be drawn: ${error.message}`)
      return
    }
    drawLegend()
    drawLayer()
    keep(targetOf(shown), false)
    part('encoder-note').textContent = shown.encoderNote
    part('decoder-note').textContent = shown.decoderNote
    root.dataset.ready = 'true'
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

  function targetAt(event) {
    const place = figure.toPlace(event.clientX, event.clientY)
    const near = nearestPoint(points, index, place, figure.unit(), visiblePoint)
    const snap = event.pointerType === 'touch' ? SNAP_TOUCH : SNAP_PIXELS
    if (near && near.pixels <= snap && shown.layer !== 'grid') return { row: points.row[near.i], i: near.i }
    return { xy: place, near: near?.i }
  }

  function show(next, resting = false) {
    if (!next) return
    target = next
    panel.waiting()
    const near = next.i ?? next.near ?? nearestPoint(points, index, next.xy, figure.unit(), visiblePoint)?.i
    if (near !== undefined) panel.original(points.row[near], points.label[near], next.i !== undefined)
    overlay.point(next.xy ?? [points.x[next.i], points.y[next.i]])
    overlay.draw(figure)
    ask(next, resting)
    clearTimeout(rest)
    if (!resting) rest = setTimeout(() => { if (target === next) ask(next, true) }, REST_MS)
  }

  function ask(next, detail) {
    const common = { model: shown.model, dataset: shown.dataset, projection: shown.projection, detail }
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
    if (!next) return
    kept = next
    overlay.keep(next.xy ?? [points.x[next.i], points.y[next.i]])
    show(next, true)
    if (tell) setTriggerValue('commit', next.xy ? { place: next.xy } : { row: next.row })
  }

  // --- pointer and keys -------------------------------------------------------------------------------------------
  let pressed = null, pending = null
  const onMap = event => figure && figure.inside(event.clientX, event.clientY)
  const move = event => {
    if (!figure) return
    const panning = pressed && !touch
    if (panning || (!pressed && !onMap(event))) return
    if (!pressed && !plot.contains(event.target)) return
    if (!pending) requestAnimationFrame(() => { const e = pending; pending = null; if (figure) show(targetAt(e)) })
    pending = event
  }
  plot.addEventListener('pointerdown', event => { if (onMap(event)) pressed = [event.clientX, event.clientY] }, true)
  addEventListener('pointermove', move, true)       // on window: Plotly lays a cover over the page while it pans
  addEventListener('pointerup', event => {
    const click = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4
    if (pressed && figure && (click || touch) && onMap(event)) keep(targetAt(event))
    pressed = null
  }, true)
  plot.addEventListener('pointerleave', () => { if (!pressed && kept && figure) show(kept, true) })
  part('map').addEventListener('keydown', event => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    if (!figure || event.target !== part('map')) return
    if (event.key === 'Enter') keep(target)
    else if (event.key === 'Escape') show(kept, true)
    else if (steps[event.key]) {
      const [x, y] = figure.toPixels(target.xy ?? [points.x[target.i], points.y[target.i]])
      const size = event.shiftKey ? STEP_LARGE : STEP_PIXELS, box = plot.getBoundingClientRect()
      const [dx, dy] = steps[event.key]
      show({ xy: figure.toPlace(box.left + x + dx * size, box.top + y + dy * size) })
    } else return
    event.preventDefault()
  })

  // --- layers, legend, tools --------------------------------------------------------------------------------------
  let redraw = 0
  function moved(settled) {
    if (!figure) return
    overlay.draw(figure)
    if (!settled || shown.layer === 'points') return
    clearTimeout(redraw)
    redraw = setTimeout(drawGrid, 250)
  }
  let gridSource = null
  function drawGrid() {
    if (!figure || shown.layer === 'points') return
    const v = figure.view(), n = touch ? 14 : 22, width = v.x1 - v.x0, height = v.y1 - v.y0
    const [nx, ny] = [width, height].map(side => Math.max(1, Math.round(n * side / Math.max(width, height))))
    const source = at(`grid/${mapPath()}?x0=${v.x0}&x1=${v.x1}&y0=${v.y0}&y1=${v.y1}&nx=${nx}&ny=${ny}`)
    if (source === gridSource) return
    gridSource = source
    figure.background({ source, box: v })
  }
  function drawLayer() {
    figure.show(visible, shown.layer)
    if (shown.layer === 'points') { gridSource = null; figure.background(null) } else drawGrid()
  }
  function drawLegend() {
    part('legend').replaceChildren(...points.about.classes.map((name, c) => {
      const chip = document.createElement('button')
      chip.type = 'button'
      chip.className = 'lx-chip'
      chip.style.setProperty('--colour', classColour(c))
      chip.textContent = name
      chip.title = `${points.about.noun} ${name}: click to hide or show, double-click to show it alone`
      chip.onclick = () => { visible[c] = !visible[c]; if (!visible.some(Boolean)) visible.fill(true); refresh() }
      chip.ondblclick = () => { visible = visible.map((_, other) => other === c); refresh() }
      return chip
    }))
    refresh(false)
  }
  function refresh(redrawMap = true) {
    [...part('legend').children].forEach((chip, c) => chip.setAttribute('aria-pressed', visible[c]))
    if (redrawMap) drawLayer()
  }
  part('zoom-in').onclick = () => figure?.zoom(1.6)
  part('zoom-out').onclick = () => figure?.zoom(1 / 1.6)
  part('reset').onclick = () => { visible.fill(true); refresh(); figure?.reset() }
  part('save').onclick = () => figure?.save(`${shown.model}-${shown.projection}`)

  // A change of theme changes variables on the page; the drawing follows.
  let colours = ''
  function followTheme() {
    const theme = themeOf(root), now = theme.text + theme.background
    if (figure && colours && now !== colours) figure.recolour(theme)
    colours = now
  }
  part('map').addEventListener('pointerenter', followTheme)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => setTimeout(followTheme, 200))

  new ResizeObserver(() => requestAnimationFrame(() => moved(true))).observe(plot)

  return { update }
}
