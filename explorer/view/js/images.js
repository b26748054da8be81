// Pixels to canvases, and the images of a data set by their row.
import { mark } from './dom.js'

export function paint(canvas, pixels, height, width, channels) {
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height }
  const image = new ImageData(width, height)
  for (let i = 0, from = 0, to = 0; i < width * height; i++, from += channels, to += 4) {
    image.data[to] = pixels[from]
    image.data[to + 1] = pixels[from + (channels > 1 ? 1 : 0)]
    image.data[to + 2] = pixels[from + (channels > 1 ? 2 : 0)]
    image.data[to + 3] = 255
  }
  canvas.getContext('2d').putImageData(image, 0, 0)
}

// A set of at most this many bytes is fetched whole, in the background, so that every hover is instant.
const WHOLE = 8e6
// Of a larger one the images that are asked for, so many in one request, and the last so many are remembered.
const TOGETHER = 256, REMEMBERED = 8000

// Images belong to the data set and are fetched by row: so many in a row at once, or any. `at` makes addresses of paths.
export function openImages(at, dataset, { shape, thumb_chunk: chunk, total }) {
  const chunkUrl = index => at(`thumbs/${encodeURIComponent(dataset)}/${index}`)
  const rowsUrl = rows => at(`images/${encodeURIComponent(dataset)}?rows=${rows.join(',')}`)
  const [height, width, channels] = shape
  const size = height * width * channels
  const whole = total * size <= WHOLE
  const painted = new WeakMap(), known = new Map(), wanted = new Map(), chunks = new Map()
  let asking = false

  const fetched = url => fetch(url)
    .then(answer => { if (!answer.ok) throw new Error(answer.status); return answer.arrayBuffer() })
    .then(buffer => new Uint8Array(buffer))

  function loadChunk(index) {
    if (!chunks.has(index)) {
      chunks.set(index, fetched(chunkUrl(index)).then(bytes => {
        for (let k = 0; (k + 1) * size <= bytes.length; k++) known.set(index * chunk + k, bytes.subarray(k * size, (k + 1) * size))
      }).catch(() => { chunks.delete(index) }))
    }
    return chunks.get(index)
  }
  // One request at a time, for the newest wishes; a pointer that moved on has no use for the older ones.
  async function askRows() {
    if (asking) return
    asking = true
    while (wanted.size) {
      const batch = [...wanted.keys()].slice(-TOGETHER), waiting = new Map(wanted)
      wanted.clear()
      try {
        const bytes = await fetched(rowsUrl(batch))
        batch.forEach((row, k) => known.set(row, bytes.subarray(k * size, (k + 1) * size)))
      } catch { continue /* asked for again when it is needed again */ }
      while (known.size > REMEMBERED) known.delete(known.keys().next().value)
      for (const row of batch) for (const each of waiting.get(row)) each()
    }
    asking = false
  }

  const images = {
    dataset, width, height, channels,
    // The pixels of a row, or null while they come: `then` is called when they are here.
    pixels(row, then) {
      const here = known.get(row)
      if (here) return here
      if (whole) loadChunk(Math.floor(row / chunk)).then(() => then && known.has(row) && then())
      else {
        const waiting = wanted.get(row) ?? []
        wanted.delete(row)                     // the newest wish is the last
        wanted.set(row, then ? [...waiting, then] : waiting)
        queueMicrotask(askRows)
      }
      return null
    },
    has: row => known.has(row),
    // An image that came with another answer.
    keep(row, pixels) {
      known.set(row, pixels)
      if (!whole && known.size > REMEMBERED) known.delete(known.keys().next().value)
    },
    // Paints at once when the image is here; otherwise when it arrives, unless the canvas was given to another row.
    paint(canvas, row) {
      mark(canvas, 'row', String(row))
      const draw = () => {
        const pixels = known.get(row)
        if (!pixels || canvas.dataset.row !== String(row) || painted.get(canvas) === pixels) return
        painted.set(canvas, pixels)
        paint(canvas, pixels, height, width, channels)
      }
      if (images.pixels(row, draw)) draw()
    },
    // Paints pixels of another origin.
    put(canvas, pixels) {
      delete canvas.dataset.row
      painted.set(canvas, pixels)
      paint(canvas, pixels, height, width, channels)
    },
    async prefetch() {
      if (whole) for (let index = 0; index * chunk < total; index++) await loadChunk(index)
    },
  }
  return images
}
