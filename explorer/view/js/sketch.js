// A map drawn on one plain canvas. A browser keeps at most 16 WebGL contexts and Plotly takes three for each map: eight maps
// beside each other need another way. It answers what plane/figure.js answers.
import { GREY } from '../plane/traces.js'
import { fitted, including, moved, padded, spreadOut, zoomed } from './boxes.js'
import { coreBounds, groupCentres } from './points.js'

const HOME_MARGIN = 0.08, NEAREST = 60, EDGE = 1
// So many points can be discs; more are drawn as squares, of which the more the smaller.
const DISCS = 8000
const OPACITY = 0.75, FAINT = 0.2
const MOST_NAMES = 14, NAME_GAP = 18, NAME_SIZE = 13

export function createSketch(plot, points, index, { theme, colouring, onView }) {
  const canvas = document.createElement('canvas'), context = canvas.getContext('2d')
  canvas.className = 'lx-sketch'
  canvas.ariaHidden = 'true'
  plot.append(canvas)
  const home = padded(coreBounds(points.x, points.y), HOME_MARGIN), nearest = NEAREST * Math.sqrt(Math.max(1, points.n / 5000))
  const { groups, of } = colouring, radius = points.n <= DISCS ? 1.9 : points.n <= 80000 ? 1.1 : 0.7
  const centres = groups.length <= MOST_NAMES ? groupCentres(points, of, groups.length) : []
  let wanted = home, selected = null, colours = theme, [wide, high] = [plot.clientWidth, plot.clientHeight]
  const lengths = () => [wide - 2 * EDGE, high - 2 * EDGE]

  function dots(among, colour, opacity) {
    const { x0, x1, y0, y1 } = figure.view(), [ux, uy] = figure.unit()
    context.globalAlpha = opacity
    groups.forEach((group, g) => {
      context.fillStyle = colour ?? group.colour
      context.beginPath()
      for (const i of among[g]) {
        const x = points.x[i], y = points.y[i]
        if (x < x0 || x > x1 || y < y0 || y > y1) continue
        const px = EDGE + (x - x0) * ux, py = EDGE + (y1 - y) * uy
        if (points.n > DISCS) context.rect(px - radius, py - radius, 2 * radius, 2 * radius)
        else { context.moveTo(px + radius, py); context.arc(px, py, radius, 0, 2 * Math.PI) }
      }
      context.fill()
    })
    context.globalAlpha = 1
  }
  const grouped = positions => {
    const among = groups.map(() => [])
    for (const i of positions) among[of[i]].push(i)
    return among
  }
  const all = grouped(of.keys())
  function names() {
    const shown = centres.flatMap((centre, c) => (centre ? [{ c, place: figure.toPixels(centre) }] : []))
    const places = spreadOut(shown.map(one => one.place), NAME_GAP)
    context.font = `bold ${NAME_SIZE}px ${colours.font}`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.lineWidth = 4
    context.lineJoin = 'round'
    shown.forEach(({ c }, k) => {
      context.strokeStyle = colours.background
      context.strokeText(groups[c].name, ...places[k])
      context.fillStyle = colours.text
      context.fillText(groups[c].name, ...places[k])
    })
  }
  function draw() {
    const scale = globalThis.devicePixelRatio || 1
    canvas.width = Math.round(wide * scale)
    canvas.height = Math.round(high * scale)
    Object.assign(canvas.style, { width: `${wide}px`, height: `${high}px` })
    context.scale(scale, scale)
    if (selected) { dots(all, GREY, FAINT); dots(selected, null, 1) } else dots(all, null, OPACITY)
    names()
    context.strokeStyle = colours.line
    context.lineWidth = 1
    context.strokeRect(0.5, 0.5, wide - 1, high - 1)
    const { x0, x1, y0, y1 } = figure.view()
    plot.dataset.view = [x0, x1, y0, y1].join(',')
  }
  function view(box) {
    wanted = box
    draw()
    onView()
  }

  const figure = {
    toPlace(clientX, clientY) {
      const [left, top] = figure.fromCorner(clientX, clientY), { x0, y1 } = figure.view(), [ux, uy] = figure.unit()
      return [x0 + (left - EDGE) / ux, y1 - (top - EDGE) / uy]
    },
    fromCorner(clientX, clientY) {
      const box = plot.getBoundingClientRect()
      return [clientX - box.left, clientY - box.top]
    },
    toPixels([px, py]) {
      const { x0, y1 } = figure.view(), [ux, uy] = figure.unit()
      return [EDGE + (px - x0) * ux, EDGE + (y1 - py) * uy]
    },
    area() {
      const [width, height] = lengths()
      return { left: EDGE, top: EDGE, width, height, right: EDGE, bottom: EDGE }
    },
    inside({ clientX, clientY }) {
      const [x, y] = figure.fromCorner(clientX, clientY)
      return x >= EDGE && x <= wide - EDGE && y >= EDGE && y <= high - EDGE
    },
    unit() { const v = figure.view(), [width, height] = lengths(); return [width / (v.x1 - v.x0), height / (v.y1 - v.y0)] },
    view: () => fitted(wanted, ...lengths()),
    select(positions) {
      selected = positions && grouped(positions)
      draw()
    },
    pan(dx, dy) { const [ux, uy] = figure.unit(); view(moved(figure.view(), -dx / ux, dy / uy)) },
    zoom(factor, place) {
      const now = figure.view(), [x, y] = place ?? [(now.x0 + now.x1) / 2, (now.y0 + now.y1) / 2]
      view(zoomed(now, home, factor, x, y, nearest))
    },
    include(place) { view(padded(including(wanted, place))) },
    reset() { view(home) },
    resize() {
      [wide, high] = [plot.clientWidth, plot.clientHeight]
      view(wanted)
    },
    recolour(next) { colours = next; draw() },
    close() { canvas.remove() },
    drawing: () => ({ drawing: `<image width="${wide}" height="${high}" href="${canvas.toDataURL()}"/>`, width: wide, height: high }),
  }
  draw()
  return figure
}
