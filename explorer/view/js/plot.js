// A small plot of lines, bars and marks as SVG, in the page's own colours.
const NS = 'http://www.w3.org/2000/svg'
const NARROWEST = 280, MARGIN = { left: 50, right: 12, top: 10, bottom: 38 }
const TICKS = 5
// Ticks of a logarithmic scale where 2 and 5 times the powers of ten still have room, and the room that one takes below an axis.
const POWERS = 12, ROOM = 44
const NEAR = 90                   // marks less than so many pixels apart would have their words across each other

const node = (name, attributes, text) => {
  const made = document.createElementNS(NS, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  return made
}

// Round numbers from `low` to `high`, about TICKS of them; `whole` ones alone where the axis counts.
export function ticksOf([low, high], whole = false) {
  const rough = (high - low) / TICKS, power = 10 ** Math.floor(Math.log10(rough)), round = [1, 2, 5, 10].find(one => one * power >= rough) * power
  const step = whole ? Math.max(1, round) : round
  const first = Math.ceil(low / step - 1e-9)
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)))
}
// Round numbers of a logarithmic scale: powers of ten, and 2 and 5 times these where they are no more than `most`. Between two
// of these there are plain round numbers.
export function powersOf([low, high], most = POWERS) {
  const first = Math.floor(Math.log10(low)), last = Math.floor(Math.log10(high))
  const all = [1, 2, 5].flatMap(step => Array.from({ length: last - first + 1 }, (_, k) => Number((step * 10 ** (first + k)).toPrecision(12))))
    .filter(one => one >= low && one <= high).sort((a, b) => a - b)
  if (all.length < 2) return ticksOf([low, high])
  return all.length <= most ? all : all.filter(one => Number.isInteger(Number(Math.log10(one).toFixed(9))))
}
const far = value => value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e5)
const short = value => (far(value) ? value.toExponential(0) : String(Number(value.toPrecision(4)))).replace('-', '−')

const dashes = ({ dashed }) => (dashed ? '6 4' : 'none')

// Draws into an <svg>. `x` and `y` are { range: [low, high], title }; each may be { log: true }, or { whole: true } where it counts.
// `lines` are { points: [[x, y]], tone, name, dashed, dots }, `bars` { x0, x1, y, tone }, `marks` { x } or { y } with { tone, words,
// dashed }; tones are classes.
export function drawPlot(svg, spec) {
  if (!shown.has(svg)) {
    // Drawn at the size that it has, so that its words stay as large as the page's.
    new ResizeObserver(() => { if (widthOf(svg) !== svg.viewBox.baseVal.width) render(svg, shown.get(svg)) }).observe(svg)
  }
  shown.set(svg, spec)
  render(svg, spec)
}
const shown = new WeakMap()
const widthOf = svg => Math.max(NARROWEST, Math.round(svg.clientWidth))

function render(svg, { x, y, lines = [], bars = [], marks = [], label, height = 220 }) {
  const full = widthOf(svg), inner = { width: full - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom }
  const scaled = (value, { range: [low, high], log }) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low))
  const px = value => MARGIN.left + inner.width * scaled(value, x), py = value => MARGIN.top + inner.height * (1 - scaled(value, y))
  const bottom = MARGIN.top + inner.height, right = MARGIN.left + inner.width
  svg.setAttribute('viewBox', `0 0 ${full} ${height}`)
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', label)
  const drawn = [node('path', { d: `M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}`, class: 'lx-axis' })]
  for (const tick of x.log ? powersOf(x.range, inner.width / ROOM) : ticksOf(x.range, x.whole)) drawn.push(node('text', { x: px(tick), y: bottom + 15, 'text-anchor': 'middle' }, short(tick)))
  for (const tick of y.log ? powersOf(y.range) : ticksOf(y.range, y.whole)) {
    drawn.push(node('path', { d: `M${MARGIN.left} ${py(tick)}H${right}`, class: 'lx-grid-line' }))
    drawn.push(node('text', { x: MARGIN.left - 6, y: py(tick) + 4, 'text-anchor': 'end' }, short(tick)))
  }
  drawn.push(node('text', { x: MARGIN.left + inner.width / 2, y: height - 4, 'text-anchor': 'middle' }, x.title))
  const halfway = MARGIN.top + inner.height / 2
  drawn.push(node('text', { x: 12, y: halfway, 'text-anchor': 'middle', transform: `rotate(-90 12 ${halfway})` }, y.title))
  for (const bar of bars) {
    const width = Math.max(0.5, px(bar.x1) - px(bar.x0) - 0.5), height = Math.max(0, bottom - py(bar.y))
    drawn.push(node('rect', { x: px(bar.x0), y: py(bar.y), width, height, class: bar.tone }))
  }
  for (const line of lines) {
    const points = line.points.map(([a, b]) => `${px(a)},${py(b)}`).join(' ')
    drawn.push(node('polyline', { points, class: `lx-plot-line ${line.tone}`, 'stroke-dasharray': dashes(line) }))
    if (line.dots) for (const [a, b] of line.points) drawn.push(node('circle', { cx: px(a), cy: py(b), r: 3.5, class: line.tone }))
  }
  const uprights = marks.filter(mark => mark.x !== undefined).map(mark => px(mark.x)), said = []
  // The words of a mark stand on the side where there is room; of two that are near, away from the other.
  const onTheLeft = at => {
    const room = { left: at - MARGIN.left, right: right - at }, near = uprights.find(one => one !== at && Math.abs(one - at) < NEAR)
    if (near === undefined) return room.left > room.right
    return at < near ? room.left > NEAR : room.right < NEAR
  }
  for (const mark of marks) {
    const across = mark.x === undefined, at = across ? py(mark.y) : px(mark.x)
    const d = across ? `M${MARGIN.left} ${at}H${right}` : `M${at} ${MARGIN.top}V${bottom}`
    drawn.push(node('path', { d, class: `lx-plot-mark ${mark.tone}`, 'stroke-dasharray': dashes(mark) }))
    if (!mark.words) continue
    const left = !across && onTheLeft(at)
    const place = across ? { x: right - 4, y: at - 5 } : { x: at + (left ? -6 : 6), y: MARGIN.top + 11 + (mark.line ?? 0) * 15 }
    const attributes = { ...place, 'text-anchor': across || left ? 'end' : 'start', class: `lx-plot-words ${mark.tone}` }
    said.push(node('text', attributes, mark.words))
  }
  svg.replaceChildren(...drawn, ...said)
}
