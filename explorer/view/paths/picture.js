// A way as one picture for a slide: its images large and apart, with what they show written around them.
import { measurer, painted } from '../js/download.js'
import { FONT, escaped, sheet } from '../js/sheet.js'
import { themeOf } from '../js/theme.js'

// An image is drawn so many whole times as large that its side is at least LEAST; its PNG is twice that.
const LEAST = 48, GAP = 6, ABOVE = 18, BELOW = 20
// A short way leaves room for its title in one line.
const NARROWEST = 460

// `cells` are { canvas, above, below }: each image with the words over and under it. Resolves to a PNG.
export function wayPicture(root, { title, subtitle, notes, cells }) {
  const { width: wide, height: high } = cells[0].canvas, factor = Math.ceil(LEAST / wide), [w, h] = [factor * wide, factor * high]
  const text = (x, y, words) => `<text x="${x}" y="${y}" font-size="12" text-anchor="middle">${escaped(words)}</text>`
  const marks = cells.map(({ canvas, above, below }, k) => {
    const left = k * (w + GAP), middle = left + w / 2
    return text(middle, ABOVE - 6, above) + text(middle, ABOVE + h + 15, below) +
      `<image x="${left}" y="${ABOVE}" width="${w}" height="${h}" href="${canvas.toDataURL()}" style="image-rendering:pixelated"/>`
  })
  const width = Math.max(NARROWEST, cells.length * (w + GAP) - GAP), height = ABOVE + h + BELOW
  const { svg, ...size } = sheet({
    title, subtitle, notes, drawing: '', width, height, area: { left: 0, top: 0, width, height }, pictures: null, marks, legend: [],
    theme: themeOf(root), measure: measurer(FONT),
  })
  return painted(svg, size.width, size.height)
}
