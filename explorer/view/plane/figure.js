// The map itself: a Plotly scatter drawn once per atlas. Plotly draws; what is shown is decided here, by one box.
import { classCentres, coreBounds } from '../js/points.js'
import { fitted, holds, including, moved, padded, sizeOf, spreadOut, zoomed } from '../js/boxes.js'
import { classColour } from '../js/theme.js'

const loading = new Map()
export function loadPlotly(url) {
  if (globalThis.Plotly) return Promise.resolve(globalThis.Plotly)
  if (!loading.has(url)) {
    loading.set(url, new Promise((resolve, reject) => {
      const script = document.createElement('script')
      script.src = url
      script.onload = () => resolve(globalThis.Plotly)
      script.onerror = () => { loading.delete(url); reject(new Error('Plotly could not be loaded')) }
      document.head.append(script)
    }))
  }
  return loading.get(url)
}

// Fewer points can be drawn larger; many would hide each other.
export const markerSize = n => (n <= 8000 ? 5 : n <= 80000 ? 3 : 2)
// Names of classes are kept this far apart, in pixels: from top to bottom, and from side to side by their length.
const NAME_GAP = 24, NAME_LETTER = 8
// Room around the middle 99 % of the points, as a share of their extent.
const HOME_MARGIN = 0.12

export function traces({ x, y, label }, classes) {
  const counts = new Uint32Array(classes.length)
  for (const c of label) counts[c]++
  const columns = classes.map((_, c) => ({ x: new Float32Array(counts[c]), y: new Float32Array(counts[c]), at: 0 }))
  for (let i = 0; i < x.length; i++) {
    const column = columns[label[i]]
    column.x[column.at] = x[i]
    column.y[column.at++] = y[i]
  }
  return columns.map((column, c) => ({
    type: 'scattergl', mode: 'markers', name: classes[c], x: column.x, y: column.y,
    hoverinfo: 'skip', marker: { color: classColour(c), size: markerSize(x.length), opacity: 0.75 },
  }))
}

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

export async function createFigure(Plotly, plot, points, { theme, onView }) {
  const { classes } = points.about
  const home = padded(coreBounds(points.x, points.y), HOME_MARGIN)
  let wanted = home, colours = theme, visible = classes.map(() => true), layer = 'points'
  await Plotly.react(plot, traces(points, classes), layoutFor(points.about, theme), {
    displaylogo: false, displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false,
  })
  const axes = () => [plot._fullLayout.xaxis, plot._fullLayout.yaxis]
  const lengths = () => axes().map(axis => axis._length)

  // `wanted` is what the person asked to see; the plot shows the smallest box of its own shape around it.
  function view(box, settled = true) {
    wanted = box
    Plotly.relayout(plot, ranges(fitted(wanted, ...lengths())))
    onView(settled)
  }
  function names() {
    const unit = sizeOf(fitted(home, ...lengths()))[0] / lengths()[0]
    const centres = classCentres(points, classes.length)
    const shown = centres.map((centre, c) => ({ centre, c })).filter(({ centre, c }) => centre && visible[c] && layer !== 'grid')
    // Words are wider than high: measured in their own shape, they are as far apart both ways.
    const longest = Math.max(...shown.map(({ c }) => classes[c].length), 1)
    const wide = Math.max(1, (NAME_LETTER * longest + 8) / NAME_GAP)
    const places = spreadOut(shown.map(({ centre: [x, y] }) => [x / wide, y]), NAME_GAP * unit)
      .map(([x, y]) => [x * wide, y])
    return shown.map(({ c }, k) => ({
      x: places[k][0], y: places[k][1], text: `<b>${classes[c]}</b>`, showarrow: false, borderpad: 1, opacity: 0.85,
      font: { size: 15, color: colours.text }, bgcolor: colours.background,
    }))
  }

  const figure = {
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
      const box = figure.view()
      let count = 0
      for (let i = 0; i < points.n; i++) if (!holds(box, [points.x[i], points.y[i]])) count++
      return count
    },
    show(nextVisible, nextLayer) {
      visible = nextVisible
      layer = nextLayer
      Plotly.update(plot,
        { visible: visible.map(on => on && layer !== 'grid'), 'marker.opacity': layer === 'points' ? 0.75 : 0.5 },
        { annotations: names() })
    },
    background(image) {
      const { x0, x1, y0, y1 } = image?.box ?? {}
      Plotly.relayout(plot, { images: !image ? [] : [{
        source: image.source, xref: 'x', yref: 'y', x: x0, y: y1, sizex: x1 - x0, sizey: y1 - y0,
        sizing: 'stretch', layer: 'below',
      }] })
    },
    pan(dx, dy) { const [ux, uy] = figure.unit(); view(moved(figure.view(), -dx / ux, dy / uy)) },
    zoom(factor, place) {
      const now = figure.view(), [x, y] = place ?? [(now.x0 + now.x1) / 2, (now.y0 + now.y1) / 2]
      view(zoomed(now, home, factor, x, y))
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
    // What is on the screen, on a ground of its own, with the kept place and the classes named.
    save(name, kept) {
      const ring = { type: 'scatter', mode: 'markers', name: 'kept', x: [kept[0]], y: [kept[1]],
        marker: { symbol: 'circle-open', size: 18, color: colours.text, line: { width: 3 } } }
      const ground = { paper_bgcolor: colours.background, plot_bgcolor: colours.background, showlegend: true }
      const { clientWidth: width, clientHeight: height } = plot
      Plotly.downloadImage({ data: [...plot.data, ring], layout: { ...plot.layout, ...ground } },
        { format: 'png', filename: name, width: width + 90, height, scale: 2 })
    },
  }
  view(home)
  return figure
}
