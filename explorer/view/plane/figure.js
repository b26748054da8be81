// The map itself: a Plotly scatter drawn once per atlas and colouring. Plotly draws; what is shown is decided here, by one box.
import { coreBounds, eachWithin, groupCentres } from '../js/points.js'
import { fitted, including, moved, padded, sizeOf, spreadOut, zoomed } from '../js/boxes.js'
import { hasWebgl } from '../js/plotly.js'
import { WITHOUT_WEBGL, looks, thinned, traces } from './traces.js'

// Names of classes are kept this far apart, in pixels: from top to bottom, and from side to side by their length.
const NAME_GAP = 24, NAME_LETTER = 8
// What lies around a name: within this share of the first view.
const NAMED = 0.03
// More names than this would hide the map.
const MOST_NAMES = 14
// The closest view of 5,000 points, as a share of the first view.
const NEAREST = 60
// Room around the middle 99 % of the points, as a share of their extent.
const HOME_MARGIN = 0.12

function layoutFor(about, theme) {
  // A projection's axes carry no unit; a raw latent's and principal components' do.
  const named = Boolean(about.axes)
  const axis = k => ({
    title: named ? { text: about.axes[k], font: { size: 12 } } : undefined, showgrid: false, zeroline: named,
    showticklabels: named, ticks: named ? 'outside' : '', tickfont: { size: 11 }, mirror: true, showline: true,
    zerolinecolor: theme.line, tickcolor: theme.line, linecolor: theme.line, color: theme.text, fixedrange: true,
  })
  return {
    xaxis: axis(0), yaxis: axis(1), margin: named ? { l: 44, r: 8, t: 8, b: 40 } : { l: 8, r: 8, t: 8, b: 8 },
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: { family: theme.font, color: theme.text },
    showlegend: false, hovermode: false, dragmode: false, annotations: [], images: [],
  }
}

const ranges = box => ({ 'xaxis.range': [box.x0, box.x1], 'yaxis.range': [box.y0, box.y1] })
const CONFIG = { displaylogo: false, displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false }

export async function createFigure(Plotly, plot, points, index, { theme, colouring, onView }) {
  const home = padded(coreBounds(points.x, points.y), HOME_MARGIN), webgl = hasWebgl()
  // As near as a few of the points: more of them need a closer look.
  const nearest = NEAREST * Math.sqrt(Math.max(1, points.n / 5000))
  let wanted = home, colours = theme, painted = colouring, selected = null
  let visible = colouring.groups.map(() => true), layer = 'points', centres = []
  // A name stands where its group is the largest around; on a mixed map it would name the others too.
  const reach = NAMED * Math.max(...sizeOf(home))
  function stands(centre, group) {
    if (!centre) return null
    const counts = new Uint32Array(painted.groups.length), [x, y] = centre
    eachWithin(points, index, { x0: x - reach, x1: x + reach, y0: y - reach, y1: y + reach }, i => { counts[painted.of[i]]++ })
    return counts.every((count, other) => other === group || count < counts[group]) ? centre : null
  }
  const measure = () => {
    const named = painted.kind === 'category' && painted.groups.length <= MOST_NAMES
    centres = named ? groupCentres(points, painted.of, painted.groups.length).map(stands) : []
  }
  measure()
  await Plotly.react(plot, traces(points, painted, selected, webgl), layoutFor(points.about, theme), CONFIG)
  const axes = () => [plot._fullLayout.xaxis, plot._fullLayout.yaxis]
  const lengths = () => axes().map(axis => axis._length)

  // `wanted` is what the person asked to see; the plot shows the smallest box of its own shape around it.
  function view(box) {
    wanted = box
    Plotly.relayout(plot, ranges(fitted(wanted, ...lengths())))
    onView()
  }
  function names() {
    const unit = sizeOf(fitted(home, ...lengths()))[0] / lengths()[0], groups = painted.groups
    const shown = centres.map((centre, c) => ({ centre, c })).filter(({ centre, c }) => centre && visible[c] && layer !== 'grid')
    // Words are wider than high: measured in their own shape, they are as far apart both ways.
    const longest = Math.max(...shown.map(({ c }) => groups[c].name.length), 1)
    const wide = Math.max(1, (NAME_LETTER * longest + 8) / NAME_GAP)
    const places = spreadOut(shown.map(({ centre: [x, y] }) => [x / wide, y]), NAME_GAP * unit)
      .map(([x, y]) => [x * wide, y])
    return shown.map(({ c }, k) => ({
      x: places[k][0], y: places[k][1], text: `<b>${escaped(groups[c].name)}</b>`, showarrow: false, borderpad: 1,
      opacity: 0.85, font: { size: 15, color: colours.text }, bgcolor: colours.background,
    }))
  }
  const redraw = () => Plotly.react(plot, traces(points, painted, selected, webgl), plot.layout, CONFIG)

  const figure = {
    // How many of the points are drawn: all, where there is WebGL.
    drawn: Math.ceil(points.n / (webgl ? 1 : thinned(points.n, WITHOUT_WEBGL) ?? 1)),
    // Screen to data and back, in pixels from the plot's top left corner.
    toPlace(clientX, clientY) {
      const [x, y] = axes(), box = plot.getBoundingClientRect()
      return [x.p2d(clientX - box.left - x._offset), y.p2d(clientY - box.top - y._offset)]
    },
    toPixels([px, py]) {
      const [x, y] = axes()
      return [x._offset + x.d2p(px), y._offset + y.d2p(py)]
    },
    // The drawn area, in pixels from the plot's top left corner.
    area() {
      const [x, y] = axes()
      return { left: x._offset, top: y._offset, width: x._length, height: y._length }
    },
    inside({ clientX, clientY }) {
      const area = figure.area(), box = plot.getBoundingClientRect()
      const left = clientX - box.left - area.left, top = clientY - box.top - area.top
      return left >= 0 && left <= area.width && top >= 0 && top <= area.height
    },
    unit() { const v = figure.view(), [width, height] = lengths(); return [width / (v.x1 - v.x0), height / (v.y1 - v.y0)] },
    view: () => fitted(wanted, ...lengths()),
    // How many points the view leaves out.
    beyond() {
      let count = 0
      eachWithin(points, index, figure.view(), () => { count++ })
      return points.n - count
    },
    // Other colours for the same points.
    async paint(next, nextVisible) {
      [painted, visible] = [next, nextVisible]
      measure()
      await redraw()
      figure.show(visible, layer)
    },
    // A chosen group (positions) on a grey ground; null for none.
    async select(next) {
      if (!next && !selected) return
      selected = next
      await redraw()
      figure.show(visible, layer)
    },
    show(nextVisible, nextLayer) {
      [visible, layer] = [nextVisible, nextLayer]
      const all = looks(painted, visible, selected, layer)
      Plotly.update(plot, { visible: layer !== 'grid', 'marker.color': all.map(one => one.colour), 'marker.opacity': all.map(one => one.opacity) },
        { annotations: names() })
    },
    // Pictures under the points, the first at the bottom: [{ source, box, opacity }].
    background(pictures) {
      Plotly.relayout(plot, { images: pictures.map(({ source, box: { x0, x1, y0, y1 }, opacity = 1 }) => ({
        source, xref: 'x', yref: 'y', x: x0, y: y1, sizex: x1 - x0, sizey: y1 - y0, sizing: 'stretch', layer: 'below', opacity,
      })) })
    },
    pan(dx, dy) { const [ux, uy] = figure.unit(); view(moved(figure.view(), -dx / ux, dy / uy)) },
    zoom(factor, place) {
      const now = figure.view(), [x, y] = place ?? [(now.x0 + now.x1) / 2, (now.y0 + now.y1) / 2]
      view(zoomed(now, home, factor, x, y, nearest))
    },
    include(place) { view(padded(including(wanted, place))) },
    reset() { view(home) },
    async resize() { await Plotly.Plots.resize(plot); view(wanted) },
    recolour(next) {
      colours = next
      const lines = { annotations: names(), 'font.color': next.text }
      for (const name of ['xaxis', 'yaxis']) {
        Object.assign(lines, { [`${name}.color`]: next.text, [`${name}.linecolor`]: next.line,
          [`${name}.zerolinecolor`]: next.line, [`${name}.tickcolor`]: next.line })
      }
      Plotly.relayout(plot, lines)
    },
    // Positions of a chosen group, null for none.
    get selected() { return selected },
    // What Plotly shows now, as the text of an SVG on no ground. WebGL draws points as one picture within it; axes, names
    // and all else stay vectors.
    async drawing(family) {
      const { width, height } = plot._fullLayout, layout = { ...plot.layout, font: { ...plot.layout.font, family } }
      const options = { format: 'svg', width, height, imageDataOnly: true }
      return { drawing: await Plotly.toImage({ data: plot.data, layout, config: CONFIG }, options), width, height }
    },
  }
  view(home)
  return figure
}

// Plotly reads a little HTML in its texts; a folder's name is only a name.
const escaped = text => text.replace(/[&<>]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
