// A map while it is being made: t-SNE moves its points at each step, and the person sees them settle.
import { bounds } from '../js/points.js'
import { CLASS_COLOURS } from '../js/theme.js'
import { at } from '../js/address.js'

export function createPreview(canvas) {
  let seen = 0, job = ''
  return {
    // `points` of the map before, of the same images: they lend the new places their colours.
    async follow(said, points) {
      if (said.job !== job) { seen = 0; job = said.job }
      if (!said.preview || said.preview <= seen) return
      const answer = await fetch(at(`jobs/${said.job}/preview?after=${seen}`))
      if (answer.status !== 200 || said.job !== job) return
      const places = new Float32Array(await answer.arrayBuffer())
      if (said.job !== job) return
      seen = said.preview
      canvas.closest('.lx-plane').dataset.preview = ''
      draw(canvas, places, points)
    },
    done() { job = ''; delete canvas.closest('.lx-plane').dataset.preview; canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height) },
  }
}

function draw(canvas, xy, points) {
  const n = xy.length / 2, x = new Float32Array(n), y = new Float32Array(n)
  for (let i = 0; i < n; i++) { x[i] = xy[2 * i]; y[i] = xy[2 * i + 1] }
  const box = bounds(x, y), { clientWidth: width, clientHeight: height } = canvas
  canvas.width = width
  canvas.height = height
  const scale = 0.9 * Math.min(width / (box.x1 - box.x0 || 1), height / (box.y1 - box.y0 || 1))
  const [cx, cy] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2], context = canvas.getContext('2d')
  for (let i = 0; i < n; i++) {
    context.fillStyle = points?.n === n ? CLASS_COLOURS[points.label[i] % CLASS_COLOURS.length] : CLASS_COLOURS[0]
    context.fillRect(width / 2 + (x[i] - cx) * scale - 1, height / 2 - (y[i] - cy) * scale - 1, 2, 2)
  }
}
