// The map itself: a Plotly scatter drawn once per atlas, with an SVG layer above it for what moves.
import { classColour } from '../js/theme.js'
import { bounds, classCentres } from '../js/points.js'

const loading = new Map()
export function loadPlotly(url) {
  if (globalThis.Plotly) return Promise.resolve(globalThis.Plotly)
  if (!loading.has(url)) {
    loading.set(url, new Promise((resolve, reject) => {
      const script = document.createElement('script')
      script.src = url
      script.onload = () => resolve(globalThis.Plotly)
      script.onerror = () => reject(new Error('Plotly could not be loaded'))
      document.head.append(script)
    }))
  }
  return loading.get(url)
}

// Fewer points can be drawn larger; many would hide each other.
export const markerSize = n => (n <= 8000 ? 5 : n <= 80000 ? 3 : 2)

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

function layoutFor(points, raw, theme, touch) {
  const { x0, x1, y0, y1 } = bounds(points.x, points.y)
  const mx = 0.04 * (x1 - x0 || 1), my = 0.04 * (y1 - y0 || 1)
  // A projection's axes carry no unit; a raw latent's do.
  const axis = (title, range) => ({
    range, title: raw ? { text: title, font: { size: 12 } } : undefined, showgrid: false, zeroline: raw,
    zerolinecolor: theme.line, showticklabels: raw, ticks: raw ? 'outside' : '', tickcolor: theme.line,
    tickfont: { size: 11 }, color: theme.text, linecolor: theme.line, mirror: true, showline: true,
  })
  const centres = classCentres(points, points.about.classes.length)
  return {
    xaxis: axis('z₁', [x0 - mx, x1 + mx]),
    yaxis: { ...axis('z₂', [y0 - my, y1 + my]), scaleanchor: 'x', constrain: 'range' },
    annotations: centres.flatMap((centre, c) => centre ? [{
      x: centre[0], y: centre[1], text: `<b>${points.about.classes[c]}</b>`, showarrow: false,
      font: { size: 15, color: theme.text }, bgcolor: theme.background, opacity: 0.82, borderpad: 1, name: String(c),
    }] : []),
    margin: raw ? { l: 44, r: 8, t: 8, b: 40 } : { l: 8, r: 8, t: 8, b: 8 },
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: { family: theme.font, color: theme.text },
    showlegend: false, hovermode: false, dragmode: touch ? false : 'pan', uirevision: 'keep',
  }
}

export async function createFigure(Plotly, plot, points, { raw, theme, touch, onView }) {
  const classes = points.about.classes
  const layout = layoutFor(points, raw, theme, touch)
  const home = { 'xaxis.range': layout.xaxis.range.slice(), 'yaxis.range': layout.yaxis.range.slice() }
  await Plotly.react(plot, traces(points, classes), layout, {
    displaylogo: false, displayModeBar: false, responsive: true, scrollZoom: true, doubleClick: false,
  })
  plot.removeAllListeners?.('plotly_relayout')
  plot.removeAllListeners?.('plotly_relayouting')
  plot.on('plotly_relayout', () => onView(true))
  plot.on('plotly_relayouting', () => onView(false))

  const axes = () => [plot._fullLayout.xaxis, plot._fullLayout.yaxis]
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
    inside(clientX, clientY) {
      const [x, y] = axes(), box = plot.getBoundingClientRect()
      const left = clientX - box.left - x._offset, top = clientY - box.top - y._offset
      return left >= 0 && left <= x._length && top >= 0 && top <= y._length
    },
    unit() {
      const [x, y] = axes()
      return [Math.abs(x.d2p(1) - x.d2p(0)), Math.abs(y.d2p(1) - y.d2p(0))]
    },
    view() {
      const [x, y] = axes()
      return { x0: x.range[0], x1: x.range[1], y0: y.range[0], y1: y.range[1] }
    },
    show(visible, layer) {
      const opacity = layer === 'points' ? 0.75 : 0.5
      Plotly.restyle(plot, { visible: visible.map(on => on && layer !== 'grid'), 'marker.opacity': opacity })
      const annotations = plot.layout.annotations.map(a => ({ ...a, visible: visible[+a.name] && layer !== 'grid' }))
      Plotly.relayout(plot, { annotations })
    },
    background(image) {
      const { x0, x1, y0, y1 } = image?.box ?? {}
      Plotly.relayout(plot, { images: !image ? [] : [{
        source: image.source, xref: 'x', yref: 'y', x: x0, y: y1, sizex: x1 - x0, sizey: y1 - y0,
        sizing: 'stretch', layer: 'below',
      }] })
    },
    zoom(factor) {
      const v = figure.view(), half = (a, b) => [(a + b - (b - a) / factor) / 2, (a + b + (b - a) / factor) / 2]
      Plotly.relayout(plot, { 'xaxis.range': half(v.x0, v.x1), 'yaxis.range': half(v.y0, v.y1) })
    },
    reset() { Plotly.relayout(plot, home) },
    recolour(next) {
      const annotations = plot.layout.annotations.map(a => ({
        ...a, font: { ...a.font, color: next.text }, bgcolor: next.background,
      }))
      const lines = {}
      for (const name of ['xaxis', 'yaxis']) {
        Object.assign(lines, { [`${name}.color`]: next.text, [`${name}.linecolor`]: next.line,
          [`${name}.zerolinecolor`]: next.line, [`${name}.tickcolor`]: next.line })
      }
      Plotly.relayout(plot, { annotations, ...lines, 'font.color': next.text })
    },
    save(name) { Plotly.downloadImage(plot, { format: 'png', filename: name, scale: 2 }) },
  }
  return figure
}
