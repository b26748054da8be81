// The map itself: a Plotly scatter drawn once per atlas and colouring. Plotly draws; what is shown is decided here, by one box.
import { coreBounds, eachWithin, groupCentres } from '../js/points.js'
import { fitted, including, moved, padded, sizeOf, spreadOut, zoomed } from '../js/boxes.js'
import { hasWebgl } from '../js/plotly.js'
import { WITHOUT_WEBGL, columnsOf, thinned, traces } from './traces.js'

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

// What Plotly leaves around the drawn area, in pixels: room for an axis that has numbers.
const marginOf = about => (about.axes ? { l: 44, r: 8, t: 8, b: 40 } : { l: 8, r: 8, t: 8, b: 8 })

function layoutFor(about, theme, { x0, x1, y0, y1 }) {
  // A projection's axes carry no unit; a raw latent's and principal components' do.
  const named = Boolean(about.axes)
  const axis = k => ({
    title: named ? { text: about.axes[k], font: { size: 12 } } : undefined, showgrid: false, zeroline: named,
    showticklabels: named, ticks: named ? 'outside' : '', tickfont: { size: 11 }, mirror: true, showline: true,
    zerolinecolor: theme.line, tickcolor: theme.line, linecolor: theme.line, color: theme.text, fixedrange: true,
  })
  return {
    xaxis: { ...axis(0), range: [x0, x1] }, yaxis: { ...axis(1), range: [y0, y1] }, margin: marginOf(about),
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: { family: theme.font, color: theme.text },
    showlegend: false, hovermode: false, dragmode: false,
  }
}

// Whether a pixel, counted from the plot's corner, lies on the drawn area.
export const holdsPixel = ({ left, top, width, height }, [x, y]) => x >= left && x <= left + width && y >= top && y <= top + height

const ranges = box => ({ 'xaxis.range': [box.x0, box.x1], 'yaxis.range': [box.y0, box.y1] })
const CONFIG = { displaylogo: false, displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false }

// Everything that is to be seen goes to Plotly in one drawing: each further one costs as much as the first.
export async function createFigure(Plotly, plot, points, index, { theme, colouring, visible, layer, onView }) {
  const home = padded(coreBounds(points.x, points.y), HOME_MARGIN), webgl = hasWebgl()
  // As near as a few of the points: more of them need a closer look.
  const nearest = NEAREST * Math.sqrt(Math.max(1, points.n / 5000))
  const margin = marginOf(points.about)
  let wanted = home, colours = theme, painted = colouring, selected = null, pictures = []
  let centres = [], columns = []
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
  const gather = () => { columns = columnsOf(points, painted, selected, webgl) }
  const axes = () => [plot._fullLayout.xaxis, plot._fullLayout.yaxis]
  // Read when it changes: reading it anew would make the browser lay the page out.
  let [wide, high] = [plot.clientWidth, plot.clientHeight]
  const lengths = () => [wide - margin.l - margin.r, high - margin.t - margin.b]
  const draw = () => Plotly.react(plot, traces(columns, points.n, painted, visible, layer, webgl),
    { ...layoutFor(points.about, colours, fitted(wanted, ...lengths())), annotations: names(), images: pictures }, CONFIG)

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

  const figure = {
    // How many of the points are drawn: all, where there is WebGL.
    drawn: Math.ceil(points.n / (webgl ? 1 : thinned(points.n, WITHOUT_WEBGL) ?? 1)),
    // Screen to data and back, in pixels from the plot's top left corner.
    toPlace(clientX, clientY) {
      const [x, y] = axes(), [left, top] = figure.fromCorner(clientX, clientY)
      return [x.p2d(left - x._offset), y.p2d(top - y._offset)]
    },
    fromCorner(clientX, clientY) {
      const box = plot.getBoundingClientRect()
      return [clientX - box.left, clientY - box.top]
    },
    toPixels([px, py]) {
      const [x, y] = axes()
      return [x._offset + x.d2p(px), y._offset + y.d2p(py)]
    },
    // The drawn area, in pixels from the plot's top left corner.
    area() {
      const [width, height] = lengths()
      return { left: margin.l, top: margin.t, width, height, right: margin.r, bottom: margin.b }
    },
    inside({ clientX, clientY }) {
      return holdsPixel(figure.area(), figure.fromCorner(clientX, clientY))
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
      gather()
      await draw()
    },
    // A chosen group (positions) on a grey ground; null for none.
    async select(next) {
      if (!next && !selected) return
      selected = next
      gather()
      await draw()
    },
    show(nextVisible, nextLayer) {
      if (nextVisible === visible && nextLayer === layer) return
      [visible, layer] = [nextVisible, nextLayer]
      draw()
    },
    // Pictures under the points, the first at the bottom: [{ source, box, opacity }].
    background(next) {
      pictures = next.map(({ source, box: { x0, x1, y0, y1 }, opacity = 1 }) => ({
        source, xref: 'x', yref: 'y', x: x0, y: y1, sizex: x1 - x0, sizey: y1 - y0, sizing: 'stretch', layer: 'below', opacity,
      }))
      Plotly.relayout(plot, { images: pictures })
    },
    pan(dx, dy) { const [ux, uy] = figure.unit(); view(moved(figure.view(), -dx / ux, dy / uy)) },
    zoom(factor, place) {
      const now = figure.view(), [x, y] = place ?? [(now.x0 + now.x1) / 2, (now.y0 + now.y1) / 2]
      view(zoomed(now, home, factor, x, y, nearest))
    },
    include(place) { view(padded(including(wanted, place))) },
    reset() { view(home) },
    async resize() {
      [wide, high] = [plot.clientWidth, plot.clientHeight]
      await Plotly.Plots.resize(plot)
      view(wanted)
    },
    recolour(next) { colours = next; draw() },
    close() { Plotly.purge(plot) },
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
  measure()
  gather()
  await draw()
  return figure
}

// Plotly reads a little HTML in its texts; a folder's name is only a name.
const escaped = text => text.replace(/[&<>]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
