// All panels as one picture: the image, then each model's map, reconstruction and figures.
import { measurer, painted } from '../js/download.js'
import { FONT, escaped, sheet } from '../js/sheet.js'
import { themeOf } from '../js/theme.js'
import { trustWords } from '../js/words.js'
import { errorWords, isTurned, rateWords, turnWords } from './said.js'

const GAP = 20, ABOVE = 26, SIDE = 72, BELOW = SIDE + 22, COLUMNS = 4

export async function panelsPicture(root, through, words, panels) {
  const drawings = await Promise.all(panels.map(panel => panel.drawing(FONT)))
  const wide = Math.max(...drawings.map(one => one.width)), high = Math.max(...drawings.map(one => one.height))
  const columns = Math.min(COLUMNS, panels.length), rows = Math.ceil(panels.length / columns)
  const image = (canvas, x, y) => `<image x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" href="${canvas.toDataURL()}" style="image-rendering:pixelated"/>`
  const line = (x, y, text, more = '') => `<text x="${x}" y="${y}" font-size="12"${more}>${escaped(text)}</text>`
  const cells = panels.map((panel, k) => {
    const { drawing, marks, area } = drawings[k], { said, view, turned } = panel, x = k % columns * (wide + GAP)
    const y = SIDE + GAP + Math.floor(k / columns) * (ABOVE + high + BELOW + GAP), below = ABOVE + high + 8, beside = SIDE + 10
    const [sign, trust] = trustWords(said.trust)
    const texts = [`Error ${errorWords(said)}`, `Rate ${rateWords(said)}`, `${sign} ${trust}`, isTurned(turned) ? turnWords(turned) : '']
    return `<g transform="translate(${x} ${y})">${line(0, 16, view.title, ' font-weight="bold"')}` +
      `<g transform="translate(0 ${ABOVE})"><clipPath id="panel-${k}"><rect x="${area.left}" y="${area.top}" width="${area.width}" height="${area.height}"/></clipPath>` +
      `${drawing}<g clip-path="url(#panel-${k})">${marks.join('')}</g></g>` +
      `${image(panel.canvas, 0, below)}${texts.map((text, n) => line(beside, below + 15 + 17 * n, text)).join('')}</g>`
  })
  const width = columns * (wide + GAP) - GAP, height = SIDE + GAP + rows * (ABOVE + high + BELOW + GAP)
  const { svg, ...size } = sheet({
    title: 'The same image in every model', subtitle: words,
    notes: panels.some(panel => isTurned(panel.turned)) ? [`Maps are turned onto that of ${panels[0].view.title}.`] : [],
    drawing: '', width, height, area: { left: 0, top: 0, width, height }, pictures: null,
    marks: [image(through, 0, 0), ...cells], legend: [], theme: themeOf(root), measure: measurer(FONT),
  })
  return painted(svg, size.width, size.height)
}
