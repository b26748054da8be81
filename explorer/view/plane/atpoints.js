// Images at the points, once the map is zoomed in far enough that they do not hide each other.
import { picturesIn } from '../js/pictures.js'
import { paint } from '../js/images.js'

export function createAtPoints(canvas) {
  const scratch = document.createElement('canvas')
  let drawn = 0
  return {
    clear() { drawn++; canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height); canvas.dataset.count = 0 },
    // `dark` points keep the frame in the colour of their group.
    draw({ figure, points, index, images, colouring, visible }) {
      const mine = ++drawn
      const { side, at } = picturesIn(points, index, figure.view(), figure.unit(), i => visible[colouring.of[i]])
      const box = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1
      if (canvas.width !== Math.round(box.width * ratio) || canvas.height !== Math.round(box.height * ratio)) {
        canvas.width = Math.round(box.width * ratio)
        canvas.height = Math.round(box.height * ratio)
      }
      const context = canvas.getContext('2d'), { left, top, width, height } = figure.area()
      const paintAll = () => {
        if (mine !== drawn) return
        context.setTransform(ratio, 0, 0, ratio, 0, 0)
        context.clearRect(0, 0, box.width, box.height)
        context.save()
        context.beginPath()
        context.rect(left, top, width, height)
        context.clip()
        context.imageSmoothingEnabled = false
        for (const i of at) one(context, i)
        context.restore()
        canvas.dataset.count = at.length
      }
      let late = 0
      const again = () => { cancelAnimationFrame(late); late = requestAnimationFrame(paintAll) }
      const one = (target, i) => {
        const pixels = images.pixels(points.row[i], again)
        if (!pixels) return
        const [x, y] = figure.toPixels([points.x[i], points.y[i]]), inner = side - 6
        target.fillStyle = colouring.groups[colouring.of[i]].colour
        target.fillRect(x - side / 2 + 1, y - side / 2 + 1, side - 2, side - 2)
        paint(scratch, pixels, images.height, images.width, images.channels)
        target.drawImage(scratch, x - inner / 2, y - inner / 2, inner, inner)
      }
      paintAll()
      return at
    },
  }
}
