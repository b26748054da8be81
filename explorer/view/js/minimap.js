// A small map beside something else: the points of a view, ways and dots drawn over them, a place or a point picked by
// pointer or keys, and a line drawn by hand where that is wanted.
import { createFigure, holdsPixel } from '../plane/figure.js'
import { ZOOM, listenKeys } from '../plane/keys.js'
import { at, jobUrl } from './address.js'
import { holds } from './boxes.js'
import { byLabel } from './colouring.js'
import { eachFrame, say } from './dom.js'
import { listen } from './gestures.js'
import { watchLook } from './look.js'
import { loadPlotly } from './plotly.js'
import { indexPoints, nearestPoint, parsePoints } from './points.js'
import { themeOf } from './theme.js'
import { createSketch } from './sketch.js'
import { turned, turnOf } from './turn.js'
import { ready as whenReady, timeLeft } from './waiting.js'
import { className, number, rowName } from './words.js'

const SNAP_PIXELS = 7, SNAP_TOUCH = 14
// A drawn line gets a new place after so many pixels; a shorter one is a click.
const STEP = 4, SHORTEST = 12
const SVG = 'http://www.w3.org/2000/svg'
const PENCIL = '<svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16"><path d="M2.5 13.5 3.4 10 11 2.4l2.6 2.6L6 12.6Z" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"/></svg>'
const MARKUP = `
  <div class="lx-map lx-minimap" tabindex="0" role="application">
    <div class="lx-tools" role="group" aria-label="Tools of the map">
      <button type="button" data-tool="pencil" aria-pressed="false" hidden title="Draw a line by hand: press and drag. By keys: arrows walk, Enter sets a corner, a second Enter ends the line (Escape gives up)" aria-label="Draw a line by hand">${PENCIL}</button>
      <button type="button" data-tool="zoom-in" title="Zoom in (or turn the wheel)" aria-label="Zoom in">+</button>
      <button type="button" data-tool="zoom-out" title="Zoom out" aria-label="Zoom out">−</button>
      <button type="button" data-tool="reset" title="Back to the first view" aria-label="Back to the first view">⤢</button>
    </div>
    <div class="lx-stage">
      <div class="lx-plot"></div>
      <svg class="lx-overlay" aria-hidden="true"></svg>
      <div class="lx-pointer" aria-hidden="true" hidden></div>
      <div class="lx-loading" role="status">Drawing the map…</div>
    </div>
  </div>
  <p class="lx-note lx-minimap-words" role="status" aria-live="polite">&nbsp;</p>`

// `view` is { model, dataset, count, projection }, and `together` where the map was laid out with those of other models (their
// ids with commas between). `onPick` gets { row, label } of a point or { place: [x, y] }; `onPoint` the
// same while the pointer or the arrow keys move, null when they leave. With `onStroke` there is a pencil; it gets the places
// [[x, y], ...] of a line. `label` names the map for screen readers. `tip` is an element that goes with the pointer, on the side
// of it where there is room (`data-side`).
//
// For maps beside each other: `turn` is { matrix, shift }, how this map lies on another one (latent/align.py); all places that go
// in and come out stay those of the map itself. `light` draws it without Plotly, `lasso` tells that a line encloses images,
// `snap` is how near to a point, in pixels of a mouse and of a finger, it is that point that is meant.
//
// Returns { ready, path, region, dot, clear, reveal, select, drawing, close }: `ready` resolves to the points (js/points.js), to null where the map
// could not be drawn; it then says why itself.
export function createMinimap(host, {
  view, onPick = () => {}, onPoint = () => {}, onStroke = null, label = 'Map of latents', tip = null,
  turn = null, light = false, lasso = false, snap = [SNAP_PIXELS, SNAP_TOUCH],
}) {
  host.innerHTML = MARKUP
  const find = selector => host.querySelector(selector), tool = name => find(`[data-tool=${name}]`)
  const map = find('.lx-map'), plot = find('.lx-plot'), svg = find('.lx-overlay'), pointer = find('.lx-pointer')
  const life = new AbortController(), drawn = new Map()
  let figure = null, points = null, shown = null, index = null, visible = null, cursor = null, hovers = false, pencil = false, corners = null
  map.ariaLabel = `${label}. Arrow keys walk, Shift takes larger steps, Enter picks, Escape returns, plus and minus zoom.`
  tool('pencil').hidden = !onStroke
  if (lasso) tool('pencil').title = tool('pencil').title.replace('Draw a line by hand', tool('pencil').ariaLabel = 'Draw around images')
  const { onto, back } = turnOf(turn)          // from this map's places to those that are drawn, and back
  if (tip) pointer.append(tip)
  const look = watchLook(host.closest('.lx') ?? host, plot, {
    onTheme: theme => figure?.recolour(theme),
    onSize: () => figure?.resize(),
  }, life.signal)
  look.follow()

  async function open() {
    const names = ['model', 'dataset', 'projection'].map(key => encodeURIComponent(view[key])).join('/')
    const url = at(`points/${names}?count=${view.count}${view.together ? `&together=${view.together}` : ''}`)
    const onWait = ({ doing, share, left }) =>
      say(find('.lx-loading'), ['Preparing this map', doing, `${Math.round(100 * share)} %`, timeLeft(left)].filter(Boolean).join(' · '))
    try {
      const [Plotly, answer] = await Promise.all([
        light || loadPlotly(at('plotly/plotly.min.js')), whenReady(url, jobUrl, { onWait, cancelled: () => life.signal.aborted }),
      ])
      if (!answer) return null
      points = parsePoints(await answer.arrayBuffer())
      shown = turn ? turned(points, onto) : points
      index = indexPoints(shown)
      const colouring = byLabel(points)
      visible = colouring.groups.map(() => true)
      const looks = { theme: themeOf(host), colouring, visible, layer: 'points', onView: draw }
      const made = light ? createSketch(plot, shown, index, looks) : await createFigure(Plotly, plot, shown, index, looks)
      if (life.signal.aborted) { made.close(); return null }
      figure = made
      map.dataset.ready = 'true'
      draw()
      return points
    } catch (error) {
      if (!life.signal.aborted) say(find('.lx-loading'), `The map could not be drawn. ${error.message}`)
      return null
    }
  }

  // --- what lies over the points ----------------------------------------------------------------------------------
  const made = (tag, className, parent) => {
    const node = document.createElementNS(SVG, tag)
    node.setAttribute('class', className)
    parent.append(node)
    return node
  }
  const ways = made('g', 'lx-ways-drawn', svg), dots = made('g', 'lx-dots', svg)      // dots lie over ways
  function shape(id, tag, kind, parent) {
    const known = drawn.get(id)
    if (known?.kind === kind) return known
    known?.node.remove()
    const node = made('g', `lx-${tag}`, parent)
    node.dataset.id = id
    const one = { kind, node }
    drawn.set(id, one)
    return one
  }
  function drawAll() {
    if (!figure) return
    const { left, top, right, bottom } = figure.area()
    svg.style.clipPath = `inset(${top}px ${right}px ${bottom}px ${left}px)`
    for (const one of drawn.values()) one.draw()
    const there = cursor && pixelsOf(cursor)
    pointer.hidden = !there || !holdsPixel(figure.area(), there)
    if (pointer.hidden) return
    pointer.style.transform = `translate(${there[0]}px, ${there[1]}px)`
    pointer.dataset.side = there[0] > plot.clientWidth / 2 ? 'left' : 'right'
  }
  const draw = eachFrame(drawAll)
  const pixelsOf = place => figure.toPixels(onto(place))
  const lineOf = places => (places.length > 1 ? `M${places.map(place => pixelsOf(place).map(value => value.toFixed(1)).join(' ')).join('L')}` : '')

  const minimap = {
    ready: open(),
    // A way over places [[x, y], ...]; `tone` is a colour, `dashed` a pattern of strokes like '6 4'.
    path(id, places, { tone = 'var(--lx-latent)', dashed = '' } = {}) {
      const one = shape(id, 'way', 'path', ways)
      if (!one.line) [one.halo, one.line] = [made('path', 'lx-way-halo', one.node), made('path', 'lx-way-line', one.node)]
      one.line.style.stroke = tone
      one.line.style.strokeDasharray = dashed === true ? '6 4' : dashed || 'none'
      one.draw = () => {
        for (const line of [one.halo, one.line]) line.setAttribute('d', lineOf(places))
      }
      draw()
    },
    // A shape around places [[x, y], ...]; `className` says how it looks.
    region(id, places, className) {
      const one = shape(id, 'region', `region ${className}`, ways)
      one.line ??= made('path', className, one.node)
      one.draw = () => one.line.setAttribute('d', `${lineOf(places)}Z`)
      draw()
    },
    // A dot: `kind` is 'moving', 'ring', or a letter that is written in it.
    dot(id, xy, kind = 'ring') {
      const letter = kind.length === 1, one = shape(id, `dot lx-dot-${letter ? 'letter' : kind}`, `dot ${kind}`, dots)
      if (!one.circle) {
        one.circle = made('circle', 'lx-dot-circle', one.node)
        one.circle.setAttribute('r', letter ? 9 : kind === 'moving' ? 7 : 6)
        if (letter) one.text = Object.assign(made('text', 'lx-dot-text', one.node), { textContent: kind })
      }
      one.draw = () => one.node.setAttribute('transform', `translate(${pixelsOf(xy).map(value => value.toFixed(1)).join(' ')})`)
      draw()
    },
    // Take one thing away, or all.
    clear(id) {
      for (const key of id === undefined ? [...drawn.keys()] : [id]) { drawn.get(key)?.node.remove(); drawn.delete(key) }
    },
    // Bring places into view that lie beyond it.
    reveal(places) { for (const place of places.map(onto)) if (figure && !holds(figure.view(), place)) figure.include(place) },
    // Some points (positions) on a grey ground; null for all.
    select(positions) { figure?.select(positions) },
    // What is shown, as the text of an SVG: { drawing, marks, area, width, height }.
    async drawing(family) {
      if (!figure) return null
      return { ...await figure.drawing(family), area: figure.area(), marks: [...ways.children, ...dots.children].map(inlined) }
    },
    close() {
      life.abort()
      figure?.close()
      figure = null
      host.replaceChildren()
    },
  }

  // --- pointer and keys -------------------------------------------------------------------------------------------
  const placeOf = event => back(figure.toPlace(event.clientX, event.clientY))
  function target(place, most) {
    const near = nearestPoint(shown, index, onto(place), figure.unit(), i => visible[points.label[i]])
    if (near && near.pixels <= most) return { row: points.row[near.i], label: points.label[near.i], xy: [points.x[near.i], points.y[near.i]] }
    return { place, xy: place }
  }
  const targetAt = event => target(placeOf(event), snap[event.pointerType === 'touch' ? 1 : 0])
  const words = ({ row, label: of, place }) => (place ? `place (${place.map(value => number(value)).join(', ')})`
    : `${className(points.about, of)}, ${rowName(points.about, row)}`)
  function point(next, byPointer = true) {
    cursor = next?.xy ?? null
    hovers = byPointer
    draw()
    onPoint(next)
  }
  function use(name, on) { pencil = on; tool('pencil').setAttribute('aria-pressed', on); map.dataset.mode = on ? name : '' }
  function stroke(places) {
    use('pencil', false)
    corners = null
    minimap.clear('stroke')
    if (places) onStroke(places)
  }
  const sketch = () => minimap.path('stroke', corners.map(one => one.place), { tone: 'var(--lx-latent)' })
  function hear(event, phase) {
    const here = { place: placeOf(event), x: event.clientX, y: event.clientY }
    if (phase === 'cancel') { stroke(null); return }
    if (phase === 'start') corners = [here]
    else if (corners && Math.hypot(here.x - corners.at(-1).x, here.y - corners.at(-1).y) >= STEP) corners.push(here)
    if (!corners) return
    sketch()
    if (phase !== 'end') return
    const span = axis => Math.max(...corners.map(one => one[axis])) - Math.min(...corners.map(one => one[axis]))
    stroke(Math.max(span('x'), span('y')) >= SHORTEST ? corners.map(one => one.place) : null)
  }
  // By keys a line is a row of corners; the same corner twice ends it.
  function corner() {
    const last = corners?.at(-1).place
    if (last && last[0] === cursor[0] && last[1] === cursor[1]) { stroke(corners.length > 1 ? corners.map(one => one.place) : null); return }
    corners = [...(corners ?? []), { place: cursor }]
    sketch()
    say(find('.lx-minimap-words'), `Corner ${corners.length}. Walk on and press Enter for the next, or Enter again to end the line.`)
  }
  listen(plot, {
    inside: event => figure?.inside(event) ?? false,
    mode: () => (pencil ? 'lasso' : 'hover'),
    onPoint: event => figure && point(targetAt(event)),
    onClick: event => { if (figure) { const next = targetAt(event); point(event.pointerType === 'touch' ? null : next); onPick(next) } },
    onLeave: () => point(null),
    onPan: (dx, dy) => figure?.pan(dx, dy),
    onZoom: (factor, x, y) => figure?.zoom(factor, figure.toPlace(x, y)),
    onStroke: (event, phase) => figure && hear(event, phase),
  }, life.signal)
  // A mouse has gone, wherever it was let go: to the margin, or off the map while it was pressed.
  const gone = event => {
    const over = plot.contains(event.target) && figure?.inside(event)
    if (cursor && hovers && event.pointerType !== 'touch' && !event.buttons && !over) point(null)
  }
  for (const kind of ['pointermove', 'pointerup']) addEventListener(kind, gone, { signal: life.signal })
  map.addEventListener('blur', () => { if (cursor && !hovers) point(null) })
  function walk(dx, dy) {
    const { left, top, width, height } = figure.area(), box = plot.getBoundingClientRect()
    const [x, y] = cursor ? pixelsOf(cursor) : [left + width / 2, top + height / 2]
    const next = { place: back(figure.toPlace(box.left + x + dx, box.top + y + dy)) }
    if (!holds(figure.view(), onto(next.place))) figure.pan(-dx, -dy)
    const near = target(next.place, snap[0])
    point({ ...near, xy: next.place }, false)
    say(find('.lx-minimap-words'), words(near))
  }
  listenKeys(map, {
    awake: () => Boolean(figure),
    onWalk: walk,
    onKeep: () => { if (pencil && cursor) corner(); else if (cursor) onPick(target(cursor, snap[0])) },
    onEscape: () => { if (pencil) stroke(null); else point(null) },
    onZoom: factor => figure.zoom(factor, cursor && holds(figure.view(), onto(cursor)) ? onto(cursor) : undefined),
  })
  tool('pencil').onclick = () => { if (pencil) stroke(null); else { use('pencil', true); map.focus() } }
  tool('zoom-in').onclick = () => figure?.zoom(ZOOM)
  tool('zoom-out').onclick = () => figure?.zoom(1 / ZOOM)
  tool('reset').onclick = () => figure?.reset()
  return minimap
}

// A drawn thing with the looks that the style sheet gives it, for a file.
const LOOKS = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-linejoin', 'opacity']
function inlined(node) {
  const copy = node.cloneNode(true), copies = [...copy.querySelectorAll('*')]
  node.querySelectorAll('*').forEach((one, k) => {
    const style = getComputedStyle(one)
    for (const name of LOOKS) copies[k].setAttribute(name, style.getPropertyValue(name))
  })
  return new XMLSerializer().serializeToString(copy)
}
