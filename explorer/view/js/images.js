// Pixels to canvases, and the images of a data set by their row.

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

// Thumbnails belong to the data set and are fetched by row, a chunk at a time; the browser keeps them.
export function openThumbs(urlOf, { shape, thumb_chunk: chunk, total }) {
  const [height, width, channels] = shape
  const size = height * width * channels
  const chunks = new Map()
  const load = index => {
    if (!chunks.has(index)) {
      const entry = { pixels: null }
      entry.ready = fetch(urlOf(index))
        .then(answer => { if (!answer.ok) throw new Error(answer.status); return answer.arrayBuffer() })
        .then(buffer => { entry.pixels = new Uint8Array(buffer) })
        .catch(() => { chunks.delete(index) })
      chunks.set(index, entry)
    }
    return chunks.get(index)
  }
  return {
    // Paints at once when the chunk is here; otherwise when it arrives, unless the canvas was given to another row.
    paint(canvas, row) {
      canvas.dataset.row = row
      const entry = load(Math.floor(row / chunk))
      const draw = () => {
        if (!entry.pixels || canvas.dataset.row !== String(row)) return
        const start = (row % chunk) * size
        paint(canvas, entry.pixels.subarray(start, start + size), height, width, channels)
      }
      if (entry.pixels) draw()
      else entry.ready.then(draw)
    },
    // Small sets are fetched whole, in the background, so that every hover is instant.
    async prefetch(limitBytes = 8e6) {
      if (total * size > limitBytes) return
      for (let index = 0; index * chunk < total; index++) await load(index).ready
    },
  }
}
