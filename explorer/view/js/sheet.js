// A view as one SVG document, composed of plain values: title, drawing, legend, notes. Lengths are in pixels.

// Any machine has such a font; the page's own is not at hand where the file is opened.
export const FONT = 'Arial, Helvetica, sans-serif'
const SIZES = { title: 17, subtitle: 13, heading: 13, entry: 13, note: 11.5 }
const LINE = 1.35                 // height of a line, of the size of its letters
const PAD = 16, GAP = 18          // around all, and between drawing and legend
const ABOVE = 12                  // over a heading
// A legend this high stands in one column, even beside a lower drawing.
const TALL = 600
const WIDEST = 200                // words of a legend are broken into lines no longer than this
// Another machine's font may be wider than the one that is measured here.
const SLACK = 1.08
// The mark before the words of an entry is drawn in a box of this side; words begin so far to the right of it.
export const GLYPH = 18
const AFTER_GLYPH = 6
const RAMP = { width: 160, height: 10 }

export const escaped = text => String(text).replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])

// Lines no longer than `width`, broken between words and, where a word alone is longer, within it.
// `length(text)` is what a text takes.
export function wrapped(text, width, length) {
  const lines = []
  let line = ''
  for (let word of text.split(/\s+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word
    if (length(longer) <= width) { line = longer; continue }
    if (line) lines.push(line)
    while (length(word) > width && word.length > 1) {
      let letters = word.length - 1
      while (letters > 1 && length(word.slice(0, letters)) > width) letters--
      lines.push(word.slice(0, letters))
      word = word.slice(letters)
    }
    line = word
  }
  return line ? [...lines, line] : lines
}

// Where items of such heights stand, one below the other in columns of at most `height`: [{ column, y }]. An item that
// begins a `section` (a heading) goes to the next column where its section would fit there but not here.
export function flowed(items, height) {
  let column = 0, y = 0
  return items.map((item, k) => {
    const next = items.findIndex((other, at) => at > k && other.section), end = next < 0 ? items.length : next
    const section = item.section ? items.slice(k, end).reduce((sum, one) => sum + one.height, 0) : 0
    const above = item.section && y > 0 ? ABOVE : 0
    const needed = section <= height ? Math.max(section, item.height) : item.height + (items[k + 1]?.height ?? 0)
    if (y > 0 && y + above + needed > height) { column++; y = 0 } else y += above
    const place = { column, y }
    y += item.height
    return place
  })
}

// The whole document. `drawing` is the text of an SVG of `width` x `height`; upon it lie `pictures` (an image's address, or
// null) and `marks` (SVG text), both cut to `area`. `legend` are items { kind, text, ... }: 'heading'; 'entry' with its mark
// (SVG text within a box of GLYPH) and, for a group of points, its name; 'ramp' with `stops` and the words `low`, `high`;
// 'note'. `measure(text, size, bold)` gives the length of a text. Returns { svg, width, height }.
export function sheet({ title, subtitle, notes, drawing, width, height, area, pictures, marks, legend, theme, measure }) {
  const length = (kind, text) => SLACK * measure(text, SIZES[kind], isBold(kind))
  const items = legend.map(item => laidOut(item, length)), places = flowed(items, Math.max(height, TALL))
  const columns = Array.from({ length: 1 + Math.max(-1, ...places.map(place => place.column)) }, (_, c) =>
    Math.max(...items.filter((_, k) => places[k].column === c).map(item => item.width)))
  const lefts = columns.map((_, c) => PAD + width + columns.slice(0, c).reduce((x, one) => x + one + GAP, GAP))
  const whole = Math.ceil(columns.length ? lefts.at(-1) + columns.at(-1) + PAD : width + 2 * PAD)
  const block = (kind, texts) => texts.flatMap(text => wrapped(text, whole - 2 * PAD, part => length(kind, part)))
    .map(text => ({ kind, text }))
  const head = stacked([...block('title', [title]), ...block('subtitle', [subtitle])], PAD), top = head.bottom + 8
  const below = top + Math.max(height, ...items.map((item, k) => places[k].y + item.height))
  const foot = stacked(block('note', notes), below + (notes.length ? 8 : 0)), full = Math.ceil(foot.bottom + PAD)
  const { left, top: upper, width: across, height: down } = area
  const picture = pictures && `<image width="${width}" height="${height}" href="${pictures}" style="image-rendering:pixelated"/>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${whole}" height="${full}" viewBox="0 0 ${whole} ${full}" ` +
    `font-family="${FONT}" fill="${theme.text}"><title>${escaped(title)}</title>` +
    `<rect width="${whole}" height="${full}" fill="${theme.background}"/>${head.svg}` +
    `<g id="map" transform="translate(${PAD} ${top})">${drawing}` +
    `<clipPath id="map-area"><rect x="${left}" y="${upper}" width="${across}" height="${down}"/></clipPath>` +
    `<g clip-path="url(#map-area)">${picture ?? ''}${marks.join('')}</g></g>` +
    `<g id="legend">${items.map((item, k) => placed(item, lefts[places[k].column], top + places[k].y)).join('')}</g>${foot.svg}</svg>`
  return { svg, width: whole, height: full }
}

const isBold = kind => kind === 'title' || kind === 'heading'
const line = (kind, text, x, y) => `<text x="${x}" y="${(y + SIZES[kind]).toFixed(1)}" font-size="${SIZES[kind]}"` +
  `${isBold(kind) ? ' font-weight="bold"' : ''}${kind === 'note' ? ' opacity="0.8"' : ''}>${escaped(text)}</text>`

// Lines of text, one below the other from `y` down.
function stacked(lines, y) {
  const svg = lines.map(({ kind, text }) => { const made = line(kind, text, PAD, y); y += LINE * SIZES[kind]; return made })
  return { svg: svg.join(''), bottom: y }
}

// An item of the legend with its lines and its size.
function laidOut(item, length) {
  const { kind } = item
  if (kind === 'ramp') return { ...item, width: RAMP.width, height: RAMP.height + 2 + LINE * SIZES.note + 6 }
  const indent = kind === 'entry' ? GLYPH + AFTER_GLYPH : 0
  const lines = wrapped(item.text, WIDEST - indent, text => length(kind, text))
  const width = indent + Math.max(...lines.map(text => length(kind, text)), 0)
  return { ...item, lines, indent, width, height: LINE * SIZES[kind] * lines.length + 4, section: kind === 'heading' }
}

function placed(item, x, y) {
  if (item.kind === 'ramp') return ramp(item, x, y)
  const words = item.lines.map((text, k) => line(item.kind, text, item.indent, k * LINE * SIZES[item.kind])).join('')
  const group = item.group === undefined ? '' : ` data-group="${escaped(item.group)}"`
  return `<g class="${item.kind}"${group} transform="translate(${x.toFixed(1)} ${y.toFixed(1)})">${item.mark ?? ''}${words}</g>`
}

function ramp({ stops, low, high }, x, y) {
  const { width, height } = RAMP, below = (SIZES.note + height + 3).toFixed(1)
  const colours = stops.map((colour, k) => `<stop offset="${k / Math.max(1, stops.length - 1)}" stop-color="${colour}"/>`).join('')
  return `<g class="ramp" transform="translate(${x.toFixed(1)} ${y.toFixed(1)})" font-size="${SIZES.note}">` +
    `<linearGradient id="ramp">${colours}</linearGradient><rect width="${width}" height="${height}" rx="3" fill="url(#ramp)"/>` +
    `<text y="${below}">${escaped(low)}</text><text x="${width}" y="${below}" text-anchor="end">${escaped(high)}</text></g>`
}
