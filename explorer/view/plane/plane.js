// The plane: one row that reads image -> encoder -> latent plane -> decoder -> image. It knows the pointer in data
// coordinates anywhere, decodes there through the channel, and tells the page only of what was kept.
import { at, channelUrl, jobUrl } from '../js/address.js'
import { holds } from '../js/boxes.js'
import { openChannel } from '../js/channel.js'
import { byLabel, parseColumn } from '../js/colouring.js'
import { eachFrame, partsOf } from '../js/dom.js'
import { listen } from '../js/gestures.js'
import { openImages, paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { createPad } from '../js/pad.js'
import { loadPlotly } from '../js/plotly.js'
import { anyInside, indexPoints, nearestPoint, parsePoints } from '../js/points.js'
import { themeOf } from '../js/theme.js'
import { ready } from '../js/waiting.js'
import { createAtPoints } from './atpoints.js'
import { createChosen } from './chosen.js'
import { createFigure } from './figure.js'
import { createStroke } from './group.js'
import { listenKeys } from './keys.js'
import { createLegend } from './legend.js'
import { createOverlay } from './overlay.js'
import { createPanel } from './panel.js'
import { createPreview } from './preview.js'
import { createShare } from './share.js'
import { createUnder } from './under.js'
import { urlsOf } from './urls.js'
import { createTip, createTools, describeQuality, viewWords } from './view.js'
import { createWait } from './wait.js'

// A pointer this near to a point means the point.
const SNAP_PIXELS = 7, SNAP_TOUCH = 14
const REST_MS = 140              // a pointer at rest this long asks for trust and neighbours
// The image comes first: the page hears of a kept place when its image is here, or so much later, because its script and
// the browser's own update would delay the decode.
const TELL_MS = 60
const ANSWERED_MS = 3000         // the script has answered a kept place by then

const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-plane')
  if (!mounted.has(root)) mounted.set(root, createPlane(root, setTriggerValue))
  mounted.get(root).update(data)
  // Also called for an update that a newer one overtook: then the plane stays.
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createPlane(root, setTriggerValue) {
  const part = partsOf(root)
  const plot = part('plot')
  const overlay = createOverlay(part('overlay'), part('pointer')), wait = createWait(root), under = createUnder(root, plot, wait)
  const panel = createPanel(root, { onPick: row => keep(targetOfRow(row)) })
  const legend = createLegend(part('legend'), part('legend-title'), () => drawLayer())
  const tip = createTip(part('tip')), atPoints = createAtPoints(part('pictures')), preview = createPreview(part('pictures'))
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open })
  const life = new AbortController()            // ends when the page takes the plane away
  const look = watchLook(root, plot, {
    onTheme: theme => figure?.recolour(theme),
    onSize: () => figure?.resize().then(viewed),
  }, life.signal)
  let shown = null          // what the page asked for; see PlaneData in plane.py
  let points = null, index = null, figure = null, images = null, colouring = null
  let kept = null, target = null, pointed = null, undrawn = null, rest = 0, generation = 0
  let opening = null, measuring = null          // what is waited for: the map, its colours
  let told = 0                                  // when the page was last told of a kept place

  const urls = urlsOf(() => shown)
  // Where a target is on the map: null of an own picture that is not encoded yet.
  const placeOf = next => next.xy ?? (next.i === undefined ? null : [points.x[next.i], points.y[next.i]])
  const isOwn = next => Boolean(next.own || next.drawing)
  let untold = null
  function tell(name, value) {
    untold?.()
    const now = () => { clearTimeout(late); untold = null; setTriggerValue(name, value) }, late = setTimeout(now, TELL_MS)
    untold = now
  }

  function update(data) {
    const before = shown, changed = key => !before || data[key] !== before[key]
    shown = data
    look.follow()
    if (['model', 'dataset', 'count', 'projection'].some(changed)) return openMap()
    if (!figure) return
    if (changed('colour')) recolour()
    if (changed('label')) { drawLayer(); drawTrust(); chosen.offerSamples(); show(kept, true) }
    if (changed('layer') || changed('pictures')) drawLayer()
    if (changed('trust')) drawTrust()
    if (changed('polygon') || changed('classes')) chosen.open()
    else if (changed('groupName')) chosen.describe()
    if (changed('find')) chosen.find.follow(shown.find)
    if (changed('neighbours') || changed('metric')) show(kept, true)
    // An answer of the script that is older than the last click does not take it back.
    if (same(data, kept)) told = 0
    else if (performance.now() - told > ANSWERED_MS) restore()
  }

  async function openMap() {
    const mine = ++generation, current = () => mine === generation
    root.dataset.ready = 'false'
    panel.clear()
    figure = target = pointed = null
    under.forget()
    tip.hide()
    atPoints.clear()
    chosen.find.forget()
    measuring?.done()
    opening?.done()
    const waiting = opening = wait.begin('Preparing this map', () => {
      root.dataset.ready = 'failed'
      panel.fault('This map was not made.')
      tell('cancel', { projection: shown.projection })
    })
    try {
      const waited = job => { if (!waiting.ended) { waiting.step(job); preview.follow(job, points) } }
      const [Plotly, answer] = await Promise.all([
        loadPlotly(at('plotly/plotly.min.js')), ready(urls.points(), jobUrl, { onWait: waited, cancelled: () => waiting.ended }),
      ])
      if (!current() || !answer) return
      points = parsePoints(await answer.arrayBuffer())
      if (!current()) return
      index = indexPoints(points)
      // Images belong to the data set: those that are here serve every model and map of it.
      if (images?.dataset !== shown.dataset) images = openImages(at, shown.dataset, points.about)
      part('find-text').placeholder = `Find: ${points.about.classes[7] ?? points.about.classes[0]} or #123`
      panel.open({ ...points.about, raw: shown.projection === 'raw' }, images)
      colouring = byLabel(points)
      legend.open(colouring)
      const drawn = await createFigure(Plotly, plot, points, index,
        { theme: themeOf(root), colouring, visible: legend.visible, layer: shown.layer, onView: viewed })
      if (!current()) return
      figure = drawn
    } catch (error) {
      if (!current()) return
      root.dataset.ready = 'failed'
      panel.fault(`The map could not be drawn. ${error.message}`)
      return
    } finally {
      waiting.done()
      if (current()) preview.done()
    }
    drawLayer()
    restore()
    for (const side of ['encoder', 'decoder']) part(`${side}-note`).textContent = shown[`${side}Note`]
    root.dataset.ready = 'true'
    countBeyond()
    sayQuality()
    images.prefetch()
    recolour()
    drawTrust()
    chosen.open()
    chosen.find.follow(shown.find)
  }

  // Whatever is fetched for one map must not reach the next one; what goes wrong is said until `source` succeeds.
  function fetched(source, promise, then) {
    const mine = generation
    promise.then(async answer => { if (answer && mine === generation) { panel.fault('', source); await then(answer) } })
      .catch(error => { if (mine === generation) panel.fault(error.message, source) })
  }

  // --- what is pointed at -----------------------------------------------------------------------------------------
  const targetOfRow = row => { const i = points.indexOf(row); return i < 0 ? null : { row, i } }
  const targetOf = ({ row, place, own }) => (own && { own }) ||
    (row !== null && targetOfRow(row)) || (place && { xy: place }) || { row: points.row[0], i: 0 }
  const same = (data, kept) => kept && (kept.own ? data.own === kept.own
    : kept.xy ? data.place && kept.xy.every((v, k) => Math.abs(v - data.place[k]) < 1e-4) : data.row === kept.row)
  const isVisible = i => legend.visible[colouring.of[i]]
  const nearest = place => nearestPoint(points, index, place, figure.unit(), isVisible)

  function targetAt(event) {
    const place = figure.toPlace(event.clientX, event.clientY), near = nearest(place)
    const snap = event.pointerType === 'touch' ? SNAP_TOUCH : SNAP_PIXELS
    if (near && near.pixels <= snap && shown.layer !== 'grid') return { row: points.row[near.i], i: near.i }
    return { xy: place }
  }

  function show(next, resting = false) {
    if (!next) return
    target = next
    if (next.i === undefined && next.xy) next.near = nearest(next.xy)?.i
    panel.waiting()
    ask(next, false)                  // the image first; what is said of it follows
    clearTimeout(rest)
    if (resting) ask(next, true)
    else rest = setTimeout(() => { if (target === next) ask(next, true) }, REST_MS)
    follow()
  }
  // All that follows the pointer on the page itself is drawn while the image is on its way. A real image that is not here
  // yet comes with it, and its words with the image.
  function drawTarget() {
    if (!figure || !target || !placeOf(target)) return
    const near = target.i ?? target.near, row = points.row[near]
    overlay.point(placeOf(target))
    overlay.follow(figure)
    if (isOwn(target)) return tip.hide()
    if (near === undefined || !images.has(row)) return tip.hide()
    panel.original(row, points.label[near], target.i !== undefined, legend.someHidden)
    if (pointed && target.i !== undefined) tip.at(pointed, part('stage'), points, target.i, images)
    else tip.hide()
  }
  const follow = eachFrame(drawTarget)

  function ask(next, detail) {
    const common = { model: shown.model, dataset: shown.dataset, count: shown.count, projection: shown.projection,
      label: shown.label, detail, neighbours: shown.neighbours, metric: shown.metric }
    const real = isOwn(next) ? undefined : points.row[next.i ?? next.near]
    if (real !== undefined && !images.has(real)) common.beside = real
    const request = isOwn(next) ? { kind: 'own', own: next.own, drawing: next.drawing, ...common }
      : next.xy ? { kind: 'place', xy: [next.xy], ...common } : { kind: 'image', row: next.row, ...common }
    const mine = generation
    channel.ask(request, ({ n, height, width, channels, pixels, said }) => {
      if (mine !== generation) return
      panel.fault(said.error ?? '', 'channel')
      if (!n) return
      paint(part('decoded'), pixels, height, width, channels)
      if (isOwn(next)) located(next, said, pixels.subarray(height * width * channels))
      else if (n > 1 && !images.has(real)) images.keep(real, pixels.subarray(height * width * channels))
      if (common.beside !== undefined && next === target) drawTarget()
      panel.decoded(said)
      if (next !== kept) return
      untold?.()
      overlay.posterior(said.sigma)
      if (said.neighbours) overlay.neighbours(said.neighbours.map(one => points.indexOf(one.row)).filter(i => i >= 0).map(i => placeOf({ i })))
      overlay.draw(figure)
    })
  }

  // An own picture has its place, and the image that the model sees, from its answer.
  function located(next, said, pixels) {
    next.xy = said.place
    panel.own(pixels, said.words)
    if (next === kept) overlay.keep(next.xy)
    if (next === kept && !holds(figure.view(), next.xy)) figure.include(next.xy)
    if (next === target) drawTarget()
  }

  // Keep a place: it stays when the pointer leaves, and goes to the page (and so to the address).
  function keep(next, telling = true, also = {}) {
    if (!next || !figure || (telling && root.dataset.connected === 'false')) return
    kept = next
    const place = placeOf(next)
    if (place) overlay.keep(place)
    overlay.draw(figure)
    chosen.offerSamples()
    if (place && !holds(figure.view(), place)) figure.include(place)
    show(next, true)
    if (!telling) return
    told = performance.now()
    tell('commit', { ...also, ...(next.own ? { own: next.own } : next.xy ? { place: next.xy } : { row: next.row }) })
  }

  // What the address says; a place beyond the view is brought into it.
  function restore() {
    const there = shown.row === null || points.indexOf(shown.row) >= 0
    panel.fault(there ? '' : `Image ${shown.row} is not among these ${points.n.toLocaleString('en')} images; the first one is shown.`, 'row')
    keep(targetOf(shown), false)
  }

  // --- pointer and keys -------------------------------------------------------------------------------------------
  const tools = createTools(root, {
    zoom: factor => figure?.zoom(factor, inSight()),
    reset: () => { legend.all(); figure?.reset() },
    retry: openMap,
  })
  const stroke = createStroke(overlay, () => figure, places => {
    tools.release()
    if (places && !anyInside(points, index, places, i => colouring.key !== 'label' || isVisible(i))) {
      part('status').textContent = 'No points lie inside this shape; draw it around some.'
      places = null
    }
    if (places) tell('commit', { polygon: places.flat(), classes: colouring.key === 'label' ? legend.chosen : '' })
    else chosen.redraw()
  })
  listen(plot, {
    inside: event => figure?.inside(event) ?? false,
    mode: () => tools.mode ?? (shown?.hover === false ? 'drag' : 'hover'),
    onPoint: event => {
      if (!figure) return
      pointed = event.pointerType === 'touch' ? null : figure.fromCorner(event.clientX, event.clientY)
      show(targetAt(event))
    },
    onClick: event => { leave(); if (figure) keep(targetAt(event)) },
    onLeave: () => { leave(); if (figure && kept && target !== kept) show(kept, true) },
    onPan: (dx, dy) => { leave(); figure?.pan(dx, dy) },
    onZoom: (factor, x, y) => { leave(); figure?.zoom(factor, figure.toPlace(x, y)) },
    onStroke: (event, phase) => figure && stroke.hear(event, phase, tools.mode),
  }, life.signal)
  listenKeys(part('map'), {
    awake: () => Boolean(figure),
    onWalk: walk,
    onKeep: () => keep(target),
    onEscape: escape,
    onZoom: factor => figure.zoom(factor, inSight()),
  })
  const leave = () => { pointed = null; tip.hide() }
  // Buttons and keys zoom about what is pointed at, while it is in sight.
  const inSight = () => (target && placeOf(target) && holds(figure.view(), placeOf(target)) ? placeOf(target) : undefined)
  function escape() {
    if (tools.mode) { tools.release(); stroke.cancel() }
    else if (chosen.any) chosen.letGo()
    else show(kept, true)
  }
  // A step in pixels; the map follows where the walk would leave it.
  function walk(dx, dy) {
    const from = placeOf(target)
    if (!from) return
    const [x, y] = figure.toPixels(from), box = plot.getBoundingClientRect()
    const next = { xy: figure.toPlace(box.left + x + dx, box.top + y + dy) }
    if (!holds(figure.view(), next.xy)) figure.pan(-dx, -dy)
    show(next)
  }

  createPad(part('original-card'), part('original'), {
    onDrawing: drawing => figure && show({ drawing }),
    onBegin: () => { undrawn = kept },
    onEmpty: () => keep(undrawn),
    onPicture: own => keep({ own }),
    onFault: sentence => panel.fault(sentence, 'own'),
  }, life.signal)

  // --- groups, search, posterior, sharing -------------------------------------------------------------------------
  const chosen = createChosen(part, overlay, urls, () => ({ shown, points, figure, images, colouring, kept }), {
    moment: () => (figure ? generation : null),
    fetched: (source, url, then) => fetched(source, ready(url, jobUrl), then),
    fault: panel.fault,
    tell,
    onKeep: (next, also) => keep(next, true, also),
  })
  createShare(root, {
    python: () => urls.python(kept),
    view: () => figure && { figure, points, colouring, visible: legend.visible, kept, shown, layer: under.legend },
  })

  // --- colours, layers, view --------------------------------------------------------------------------------------
  function recolour() {
    const wanted = shown.colour
    measuring?.done()
    panel.fault('', 'colour')
    if (wanted === colouring.key) return
    const use = async next => {
      if (shown.colour !== wanted) return
      colouring = next
      legend.open(next)
      await figure.paint(next, legend.visible)
      chosen.describe()
      drawPictures()
    }
    if (wanted === 'label') { use(byLabel(points)); return }
    const mine = measuring = wait.begin('Measuring every image', () => tell('cancel', { colour: wanted }))
    const waiting = ready(urls.column(wanted), jobUrl, { onWait: mine.step, cancelled: () => mine.ended })
    fetched('colour', waiting.finally(mine.done), async answer => use(parseColumn(wanted, await answer.arrayBuffer())))
  }
  function drawTrust() {
    panel.fault('', 'trust')
    under.layer(figure, shown.trust && urls.layer(shown.trust),
      { onFault: sentence => panel.fault(sentence, 'trust'), onCancel: () => tell('cancel', { trust: shown.trust }) })
  }
  let redraw = 0
  function viewed() {
    if (!figure) return
    overlay.draw(figure)
    atPoints.clear()
    clearTimeout(redraw)
    redraw = setTimeout(() => { drawGrid(); drawPictures(); countBeyond() }, 200)
  }
  // How far the map can be believed; a raw latent is no projection.
  function sayQuality() {
    part('quality').textContent = ''
    if (shown.projection === 'raw') return
    fetched('quality', ready(urls.quality(), jobUrl), async answer => describeQuality(part('quality'), await answer.json()))
  }
  const countBeyond = () => { if (figure) part('beyond').textContent = viewWords(points, figure) }
  const drawGrid = () => { if (figure) under.grid(figure, shown.layer === 'points' ? null : urls.grid()) }
  function drawPictures() {
    if (figure && shown.pictures && shown.layer !== 'grid') {
      atPoints.draw({ figure, points, index, images, colouring, visible: legend.visible })
    } else atPoints.clear()
  }
  function drawLayer() {
    if (!figure) return
    legend.enable(shown.layer !== 'grid')
    figure.show(legend.visible, shown.layer)
    drawGrid()
    drawPictures()
  }

  function close() {
    generation++
    life.abort()
    clearTimeout(rest)
    clearTimeout(redraw)
    for (const waiting of [opening, measuring]) waiting?.done()
    under.forget()
    channel.close()
    figure?.close()
    figure = null
  }
  return { update, close }
}
