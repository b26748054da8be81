// The tracks of the sliders: what the decoder draws along each dimension while the others are held.
//
// They come through a channel of their own, a few at a time and only once nothing has moved for a moment, so that they never
// hold up the image under the thumb. Moving one dimension changes the tracks of all others, and not its own.
const PAUSE_MS = 160
// The server takes so many walks and images in one request; in one turn of its decode thread no more pixels are asked for.
const WALKS = 32, IMAGES = 256, PIXELS = 150_000

// How many images a track of so many pixels holds: squares of about 40, an odd number so that one stands in the middle.
export function stepsFor(width, ratio = 1) {
  const steps = Math.round(width / (42 * ratio))
  return Math.max(7, Math.min(25, steps - (1 - steps % 2)))
}

// Whether a track is still right: it was drawn for the same range, steps and class, and all other dimensions are as they were.
export function isFresh(drawn, { key, z }, dimension, range) {
  return Boolean(drawn) && drawn.key === key && drawn.range[0] === range[0] && drawn.range[1] === range[1] &&
    drawn.z.length === z.length && drawn.z.every((value, d) => d === dimension || value === z[d])
}

// `rows()` are the rows in sight: { dimension, range, drawn, draw(pixels, steps, shape) }; `state()` is
// { model, z, label, steps, shape: [height, width, channels] } as it is now, or null.
export function createStrips(channel, { rows, state, onFault }) {
  let timer = 0

  const keyOf = ({ model, label, steps }) => `${model} ${label} ${steps}`
  function ask() {
    const now = state()
    if (!now) return
    const basis = { key: keyOf(now), z: now.z }
    const stale = rows().filter(row => !isFresh(row.drawn, basis, row.dimension, row.range))
    if (!stale.length) return
    const { model, z, label, steps, shape: [height, width, channels] } = now, size = height * width
    const most = Math.min(WALKS, Math.floor(IMAGES / steps), Math.floor(PIXELS / (size * steps)))
    const batch = stale.slice(0, Math.max(1, most)).map(row => ({ row, range: row.range }))
    const request = { kind: 'traverse', model, z, steps, dimensions: batch.map(({ row }) => row.dimension),
      ranges: batch.map(({ range }) => range), ...(label === null ? {} : { label }) }
    channel.ask(request, ({ n, pixels, said }) => {
      onFault(said.error ?? '')
      if (!n) return
      const length = steps * size * channels
      batch.forEach(({ row, range }, k) => {
        row.drawn = { ...basis, range }
        row.draw(pixels.subarray(k * length, (k + 1) * length), steps, now.shape)
      })
      if (!timer) ask()
    })
  }
  return {
    // Something moved: what is drawn stays until it rests.
    later(pause = PAUSE_MS) {
      clearTimeout(timer)
      timer = setTimeout(() => { timer = 0; ask() }, pause)
    },
    close() { clearTimeout(timer) },
  }
}

// The images of a track side by side, as one picture.
export function filmstrip(pixels, steps, [height, width, channels]) {
  const image = new ImageData(steps * width, height), { data } = image
  for (let step = 0, from = 0; step < steps; step++) for (let y = 0; y < height; y++) {
    for (let x = 0, to = 4 * (y * steps * width + step * width); x < width; x++, from += channels, to += 4) {
      data[to] = pixels[from]
      data[to + 1] = pixels[from + (channels > 1 ? 1 : 0)]
      data[to + 2] = pixels[from + (channels > 1 ? 2 : 0)]
      data[to + 3] = 255
    }
  }
  return image
}
