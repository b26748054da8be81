// The drawn manifold: decoded parts over each other, axes with the latents' own numbers, what is kept and pointed at.
import { number } from '../js/words.js'
import { ticks } from './lattice.js'

// Room for the axes, in pixels of the page.
const LEFT = 52, BELOW = 34, ABOVE = 6, RIGHT = 6
// Of a saved picture: pixels per pixel of the page, and the room for its title.
const SCALE = 2, HEAD = 44

export function createSheet(canvas) {
  let last = null
  const size = () => [canvas.clientWidth, canvas.clientHeight]
  const areaOf = ([width, height]) => ({ left: LEFT, top: ABOVE, width: Math.max(1, width - LEFT - RIGHT), height: Math.max(1, height - ABOVE - BELOW) })
  const pixelOf = ({ left, top, width, height }, { x0, x1, y0, y1 }, [u, v]) =>
    [left + (u - x0) / (x1 - x0) * width, top + (y1 - v) / (y1 - y0) * height]

  function paint(context, area, { view, layers, plane, kept, pointed, theme }) {
    const to = place => pixelOf(area, view, place), { left, top, width, height } = area
    context.save()
    context.beginPath()
    context.rect(left, top, width, height)
    context.clip()
    for (const { box, nx, bitmap } of layers) {
      const [x, y] = to([box.x0, box.y1]), [right, bottom] = to([box.x1, box.y0])
      // Enlarged pixels stay pixels; more of them than there is room for are averaged.
      context.imageSmoothingEnabled = (right - x) / nx < bitmap.width / nx
      context.drawImage(bitmap, x, y, right - x, bottom - y)
    }
    if (kept) ring(context, to(kept), 7)
    if (pointed) cross(context, to(pointed))
    context.restore()
    axes(context, area, view, plane, theme)
  }
  function ring(context, [x, y], radius) {
    for (const [colour, width] of [['#fff', 5], ['#12161C', 2]]) {
      context.strokeStyle = colour
      context.lineWidth = width
      context.beginPath()
      context.arc(x, y, radius, 0, 2 * Math.PI)
      context.stroke()
    }
  }
  function cross(context, [x, y]) {
    for (const [colour, width] of [['#12161C', 3], ['#fff', 1.4]]) {
      context.strokeStyle = colour
      context.lineWidth = width
      context.beginPath()
      context.moveTo(x - 8, y); context.lineTo(x + 8, y)
      context.moveTo(x, y - 8); context.lineTo(x, y + 8)
      context.stroke()
    }
  }
  function axes(context, { left, top, width, height }, view, plane, theme) {
    const digits = step => Math.max(0, Math.min(5, -Math.floor(Math.log10(step) + 1e-9)))
    const along = (k, low, high, length) => ticks(low, high, length,
      u => plane.toLatent(k ? [0.5, u] : [u, 0.5])[k], z => plane.toPlace(k ? [0, z] : [z, 0])[k])
    context.fillStyle = context.strokeStyle = theme.text
    context.lineWidth = 1
    context.font = `11px ${theme.font}`
    const mark = (x, y, dx, dy) => { context.beginPath(); context.moveTo(x, y); context.lineTo(x + dx, y + dy); context.stroke() }
    const words = (list, write) => {
      const step = Math.min(...list.slice(1).map((one, i) => one.z - list[i].z), 1)
      for (const one of list) write(one, number(one.z, digits(step)))
    }
    context.textAlign = 'center'
    context.textBaseline = 'top'
    words(along(0, view.x0, view.x1, width), ({ at }, text) => {
      mark(left + at * width, top + height, 0, 4)
      context.fillText(text, left + at * width, top + height + 6)
    })
    context.fillText('z₁', left + width / 2, top + height + 20)
    context.textAlign = 'right'
    context.textBaseline = 'middle'
    words(along(1, view.y0, view.y1, height), ({ at }, text) => {
      mark(left, top + (1 - at) * height, -4, 0)
      context.fillText(text, left - 6, top + (1 - at) * height)
    })
    context.textAlign = 'center'
    context.save()
    context.translate(9, top + height / 2)
    context.rotate(-Math.PI / 2)
    context.fillText('z₂', 0, 0)
    context.restore()
  }

  return {
    draw(scene) {
      last = scene
      const [width, height] = size(), ratio = devicePixelRatio || 1
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio)
        canvas.height = Math.round(height * ratio)
      }
      const context = canvas.getContext('2d')
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      context.clearRect(0, 0, width, height)
      paint(context, areaOf([width, height]), scene)
    },
    area: () => areaOf(size()),
    // A place of the screen as one of the unit square, within the view.
    toShare(clientX, clientY, { x0, x1, y0, y1 }) {
      const { left, top, width, height } = areaOf(size()), corner = canvas.getBoundingClientRect()
      const across = (clientX - corner.left - left) / width, up = 1 - (clientY - corner.top - top) / height
      return [x0 + across * (x1 - x0), y0 + up * (y1 - y0)]
    },
    holds(clientX, clientY) {
      const { left, top, width, height } = areaOf(size()), corner = canvas.getBoundingClientRect()
      const x = clientX - corner.left - left, y = clientY - corner.top - top
      return x >= 0 && x <= width && y >= 0 && y <= height
    },
    // What is shown now as a picture of its own, with a title.
    page(title, subtitle) {
      const [width, height] = size(), made = document.createElement('canvas'), context = made.getContext('2d')
      made.width = SCALE * width
      made.height = SCALE * (height + HEAD)
      context.scale(SCALE, SCALE)
      context.fillStyle = last.theme.background
      context.fillRect(0, 0, width, height + HEAD)
      context.fillStyle = last.theme.text
      context.font = `bold 15px ${last.theme.font}`
      context.fillText(title, LEFT, 19)
      context.font = `12px ${last.theme.font}`
      context.fillText(subtitle, LEFT, 36, width - LEFT - RIGHT)
      context.translate(0, HEAD)
      paint(context, areaOf([width, height]), { ...last, pointed: null })
      return made
    },
  }
}
