// The whole comparison as one picture: the plots, then every row with all its columns, out of sight ones too.
import { measurer, painted } from '../js/download.js'
import { FONT, escaped, sheet } from '../js/sheet.js'
import { themeOf } from '../js/theme.js'

const COLUMN = 200, GAP = 14, LINE = 22, BARS = 70, END = 84
// What a plot's parts look like is said by the page's style sheet; a file has to carry it.
const STYLE = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-size', 'font-weight', 'paint-order']

const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" font-size="12" ${more}>${escaped(words)}</text>`
const middle = 'text-anchor="middle"'

export function ladderPicture(root, view, grid, ends) {
  const { columns } = view, width = columns.length * (COLUMN + GAP) - GAP, marks = []
  let y = drawTop(root, ends, marks, width)
  columns.forEach((column, k) => marks.push(text(k * (COLUMN + GAP) + COLUMN / 2, y + 14, column.words, `${middle} font-weight="bold"`)))
  y += LINE
  for (const { kind, title } of grid.rows) {
    marks.push(text(0, y + 14, title, 'font-weight="bold"'))
    y += LINE
    y += Math.max(...columns.map(({ model }, k) => drawCell(grid.cell(kind, model), k * (COLUMN + GAP), y, marks))) + 8
  }
  for (const figure of view.figures) {
    marks.push(text(0, y + 14, figure.title, 'font-weight="bold"'))
    columns.forEach(({ model }, k) => {
      const cell = [...root.querySelectorAll(`[data-kind=figure][data-model="${CSS.escape(model)}"] [data-figure="${figure.id}"]`)][0]
      marks.push(text(k * (COLUMN + GAP) + COLUMN / 2, y + 14 + LINE * 0.8, cell.textContent, middle))
    })
    y += LINE * 1.9
  }
  const area = { left: 0, top: 0, width, height: y }
  const { svg, ...size } = sheet({
    title: `${view.title}, side by side`, subtitle: `Latent Explorer · A: ${view.subject} · B: ${root.dataset.second} · seed ${root.dataset.seed}`,
    notes: [root.querySelector('[data-part=finding]').textContent, `Figures: ${view.members[0].on}.`],
    drawing: '', width, height: y, area, pictures: null, marks, legend: [], theme: themeOf(root), measure: measurer(FONT),
  })
  return painted(svg, size.width, size.height)
}

// A, B and the plots, as many beside each other as there is room; gives where the rows below begin.
function drawTop(root, ends, marks, width) {
  ends.forEach((canvas, k) => marks.push(text(k * (END + GAP), 14, 'AB'[k], 'font-weight="bold"'), image(canvas, k * (END + GAP), LINE, END, END)))
  const start = 2 * (END + GAP) + GAP
  let x = start, y = 0, bottom = LINE + END + GAP
  for (const svg of root.querySelectorAll('.lx-ladder-charts svg')) {
    const { width: wide, height: high } = svg.viewBox.baseVal
    if (x + wide > width && x > start) { x = start; y = bottom }
    marks.push(text(x, y + 14, svg.previousSibling.textContent, 'font-weight="bold"'), `<g transform="translate(${x} ${y + LINE})">${inlined(svg)}</g>`)
    x += wide + GAP
    bottom = Math.max(bottom, y + LINE + high + GAP)
  }
  return bottom
}
function inlined(svg) {
  const copy = svg.cloneNode(true), from = svg.querySelectorAll('*')
  copy.querySelectorAll('*').forEach((one, k) => {
    const style = getComputedStyle(from[k])
    one.setAttribute('style', STYLE.map(name => `${name}:${style.getPropertyValue(name)}`).join(';'))
  })
  return new XMLSerializer().serializeToString(copy).replace(/^<svg[^>]*>/, '').replace(/<\/svg>$/, '')
}
const image = (canvas, x, y, width, height) => `<image x="${x}" y="${y}" width="${width}" height="${height}" href="${canvas.toDataURL()}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`

// One cell, which may hold a canvas or bars, and words below it; gives its height.
function drawCell(cell, x, y, marks) {
  const canvas = cell.querySelector('canvas'), bars = [...cell.querySelectorAll('.lx-ladder-bars i')]
  let high = 0
  if (canvas) {
    const wide = cell.dataset.kind === 'chosen' ? END : COLUMN
    high = wide * canvas.height / canvas.width
    marks.push(image(canvas, x + (COLUMN - wide) / 2, y, wide, high))
  }
  if (bars.length) {
    const step = COLUMN / bars.length
    high = BARS
    bars.forEach((bar, k) => {
      const tall = Math.max(2, Number(bar.style.getPropertyValue('--share')) * BARS), fill = getComputedStyle(bar).backgroundColor
      marks.push(`<rect x="${x + k * step}" y="${y + BARS - tall}" width="${Math.max(0.5, step - 1)}" height="${tall}" fill="${fill}"/>`)
    })
  }
  const signs = [...cell.querySelectorAll('.lx-ladder-standing span')]
  signs.forEach((sign, k) => marks.push(text(x + (k + 0.5) * COLUMN / signs.length, y + high + 14, sign.textContent, middle)))
  if (signs.length) high += 18
  const words = cell.querySelector('small')?.textContent
  if (words) { marks.push(text(x + COLUMN / 2, y + high + 14, words, middle)); high += 18 }
  return high
}
