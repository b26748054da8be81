// What the server draws of one model: its address, its answer, and pictures of it on canvases.
import { at } from '../js/address.js'
import { parseHead } from '../js/binary.js'
import { classColour } from '../js/theme.js'

// A place or a sample means something on the map of the model that it was chosen on.
const ELSEWHERE = /^(place|sample)/
const named = ({ model, projection }, { dataset }) => [model, dataset, projection].map(encodeURIComponent).join('/')

// `column` is { model, projection }, `view` what the page shows, `text` and `other` the subjects.
export function portraitUrl(column, view, text, other) {
  const query = new URLSearchParams({ count: view.count, at: text, other, seed: view.seed })
  if (view.label !== null) query.set('label', view.label)
  if ([text, other].some(one => ELSEWHERE.test(one))) { query.set('home', view.model); query.set('map', view.projection) }
  return at(`portrait/${named(column, view)}?${query}`)
}
// What one meets on the straight way: the route of the page Paths, at as many steps.
export function wayUrl(column, view, text, other, steps) {
  const query = new URLSearchParams({ count: view.count, way: 'linear', a: text, b: other, steps, home: view.model })
  if (view.label !== null) query.set('label', view.label)
  return at(`walk/${named({ model: column.model, projection: view.projection }, view)}?${query}`)
}
// How empty it is between the classes.
export const betweenUrl = ({ model }, { dataset, count }) => at(`between/${[model, dataset].map(encodeURIComponent).join('/')}?count=${count}`)

// { said, images: { chosen, rows, samples, walks, way }, points: { x, y, label } }; images are lists of pixels.
export function parsePortrait(buffer) {
  const { n, said, at: start } = parseHead(buffer), size = said.shape.reduce((product, side) => product * side, 1)
  const all = Array.from({ length: n }, (_, k) => new Uint8Array(buffer, start + k * size, size))
  const counts = [1, said.rows.length, said.samples, said.top.length * said.steps, said.steps]
  const ends = counts.map((_, k) => counts.slice(0, k + 1).reduce((sum, count) => sum + count))
  const part = k => all.slice(ends[k] - counts[k], ends[k])
  const map = start + n * size + (-(n * size) & 3), xy = new Float32Array(buffer, map, 2 * said.points)
  const images = { chosen: part(0), rows: part(1), samples: part(2), walks: part(3), way: part(4) }
  return { said, images, points: { xy, label: new Uint8Array(buffer, map + xy.byteLength, said.points) } }
}

// Images side by side in rows of `columns`, GAP pixels apart, which stay clear.
export const GAP = 2
export function paintMosaic(canvas, images, columns, [height, width, channels]) {
  const rows = Math.ceil(images.length / columns), wide = columns * (width + GAP) - GAP, high = rows * (height + GAP) - GAP
  canvas.width = wide
  canvas.height = high
  const picture = new ImageData(wide, high)
  images.forEach((pixels, k) => {
    const left = (k % columns) * (width + GAP), top = Math.floor(k / columns) * (height + GAP)
    for (let i = 0, from = 0; i < width * height; i++, from += channels) {
      const to = 4 * ((top + Math.floor(i / width)) * wide + left + i % width)
      for (let c = 0; c < 3; c++) picture.data[to + c] = pixels[from + (channels > 1 ? c : 0)]
      picture.data[to + 3] = 255
    }
  })
  canvas.getContext('2d').putImageData(picture, 0, 0)
}

// A map as a still picture of SIDE pixels a side: the points in the colours of their classes, A and B, and between them, where the map
// is the latent space itself, the straight way.
const SIDE = 400, MARGIN = 22, POINT = 2.4
export function paintMap(canvas, { points: { xy, label }, said: { places } }, { straight, text, background }) {
  canvas.width = canvas.height = SIDE
  const context = canvas.getContext('2d')
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < xy.length; i += 2) {
    x0 = Math.min(x0, xy[i]); x1 = Math.max(x1, xy[i])
    y0 = Math.min(y0, xy[i + 1]); y1 = Math.max(y1, xy[i + 1])
  }
  const unit = (SIDE - 2 * MARGIN) / (Math.max(x1 - x0, y1 - y0) || 1)
  const px = x => SIDE / 2 + (x - (x0 + x1) / 2) * unit, py = y => SIDE / 2 - (y - (y0 + y1) / 2) * unit
  for (let i = 0; i < label.length; i++) {
    context.fillStyle = classColour(label[i])
    context.fillRect(px(xy[2 * i]) - POINT / 2, py(xy[2 * i + 1]) - POINT / 2, POINT, POINT)
  }
  const [a, b] = places.map(([x, y]) => [px(x), py(y)])
  context.strokeStyle = context.fillStyle = text
  if (straight) {
    context.lineWidth = 3
    context.setLineDash([8, 6])
    context.beginPath()
    context.moveTo(...a)
    context.lineTo(...b)
    context.stroke()
    context.setLineDash([])
  }
  context.font = 'bold 20px sans-serif'
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const [[x, y], letter] of [[b, 'B'], [a, 'A']]) {
    context.lineWidth = 2.5
    context.fillStyle = background
    context.beginPath()
    context.arc(x, y, 14, 0, 2 * Math.PI)
    context.fill()
    context.stroke()
    context.fillStyle = text
    context.fillText(letter, x, y + 1)
  }
}
