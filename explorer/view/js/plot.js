// A small plot of lines, bars, marks and points as SVG, in the page's own colours.
const NS = 'http://www.w3.org/2000/svg'
const NARROWEST = 280, MARGIN = { left: 50, right: 12, top: 10, bottom: 38 }
const TICKS = 5
// Ticks of a logarithmic scale where 2 and 5 times the powers of ten still have room, and the room that one takes below an axis.
const POWERS = 12, ROOM = 44
const LETTER = 6.6, ROW = 14      // about what a letter of a point's words takes, in pixels
const DOT = 6, TOUCH = 18         // radius of a point, and of what a finger hits
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

// The part of the line x + y = sum within a box, from its upper left to its lower right end; null where it misses the box.
export function isoLine([x0, x1], [y0, y1], sum) {
  const left = Math.max(x0, sum - y1), right = Math.min(x1, sum - y0)
  return left < right ? [[left, sum - left], [right, sum - right]] : null
}

const clash = (one, other) => one.left < other.right && one.right > other.left && one.top < other.bottom && one.bottom > other.top
// The box that words take: they begin at `left` and stand on y.
const boxOf = (left, y, words) => ({ left, right: left + LETTER * words.length, top: y - ROW + 3, bottom: y + 3 })

// Where the words of points stand so that none lies over another, over a point, or over one of the boxes `before`: `points` are
// { x, y, words } in pixels, `area` and boxes { left, right, top, bottom }. Each gets { x, y, anchor }: the first free place of those
// beside its point, then of those farther off.
export function wordPlaces(points, area, before = []) {
  const dots = points.map(({ x, y }) => ({ left: x - DOT, right: x + DOT, top: y - DOT, bottom: y + DOT })), taken = [...before]
  return points.map(({ x, y, words }, k) => {
    const length = LETTER * words.length
    const start = (dx, dy) => ({ x: x + dx, y: y + dy, anchor: 'start', left: x + dx }), end = (dx, dy) => ({ x: x - dx, y: y + dy, anchor: 'end', left: x - dx - length })
    const middle = dy => ({ x, y: y + dy, anchor: 'middle', left: x - length / 2 })
    const sides = [
      start(DOT + 2, -DOT), start(DOT + 5, 4), end(DOT + 5, 4), middle(-DOT - 5), middle(DOT + ROW), end(DOT + 2, DOT + ROW - 4),
      start(DOT + 8, ROW + 6), end(DOT + 8, -ROW), end(DOT + 8, ROW + 10), start(DOT + 8, -ROW - 6), start(DOT + 8, 2 * ROW + 6),
    ].map(side => ({ ...side, ...boxOf(side.left, side.y, words) }))
    const inside = side => side.left >= area.left && side.right <= area.right && side.top >= area.top && side.bottom <= area.bottom
    const free = side => !taken.some(one => clash(side, one)) && !dots.some((one, other) => other !== k && clash(side, one))
    const found = sides.find(side => inside(side) && free(side)) ?? sides.find(inside) ?? sides[0]
    taken.push(found)
    return { x: found.x, y: found.y, anchor: found.anchor }
  })
}

const dashes = ({ dashed }) => (dashed ? '6 4' : 'none')

// Draws into an <svg>. `x` and `y` are { range: [low, high], title }; each may be { log: true }, or { whole: true } where it counts.
// `lines` are { points: [[x, y]], tone, name, dashed, dots, words }, `bars` { x0, x1, y, tone }, `marks` { x } or { y } with { tone,
// words, dashed }; tones are classes. `points` are buttons: { x, y, key, words, name, on, tone }, `onPoint(key)` hears of one that was
// chosen; `words` may be empty, `name` is for screen readers.
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

function render(svg, { x, y, lines = [], bars = [], marks = [], points = [], onPoint, label, height = 220 }) {
  const full = widthOf(svg), inner = { width: full - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom }
  const scaled = (value, { range: [low, high], log }) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low))
  const px = value => MARGIN.left + inner.width * scaled(value, x), py = value => MARGIN.top + inner.height * (1 - scaled(value, y))
  const bottom = MARGIN.top + inner.height, right = MARGIN.left + inner.width
  svg.setAttribute('viewBox', `0 0 ${full} ${height}`)
  svg.setAttribute('role', points.length ? 'group' : 'img')
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
  const spoken = []                 // the boxes of words that stand already
  for (const line of lines) {
    const corners = line.points.map(([a, b]) => `${px(a)},${py(b)}`).join(' ')
    drawn.push(node('polyline', { points: corners, class: `lx-plot-line ${line.tone}`, 'stroke-dasharray': dashes(line) }))
    if (line.dots) for (const [a, b] of line.points) drawn.push(node('circle', { cx: px(a), cy: py(b), r: 3.5, class: line.tone }))
    if (line.words) {
      // At the end of the line, on the side where there is room; not where other words stand already.
      const [a, b] = line.points.at(-1), length = LETTER * line.words.length, left = px(a) + length + 6 > right
      const box = boxOf(px(a) + (left ? -6 - length : 6), py(b) - 6, line.words)
      if (box.left < MARGIN.left || spoken.some(one => clash(one, box))) continue
      spoken.push(box)
      drawn.push(node('text', { x: box.left, y: py(b) - 6, class: `lx-plot-words ${line.tone}` }, line.words))
    }
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
    spoken.push(boxOf(across || left ? place.x - LETTER * mark.words.length : place.x, place.y, mark.words))
    const attributes = { ...place, 'text-anchor': across || left ? 'end' : 'start', class: `lx-plot-words ${mark.tone}` }
    said.push(node('text', attributes, mark.words))
  }
  const focused = svg.contains(document.activeElement) ? document.activeElement.dataset.key : null
  const at = points.map(point => ({ x: px(point.x), y: py(point.y), words: point.words }))
  const places = wordPlaces(at, { left: MARGIN.left, right, top: 0, bottom }, spoken)
  const buttons = points.map((point, k) => buttonOf(point, at[k], places[k], onPoint))
  svg.replaceChildren(...drawn, ...said, ...buttons)
  buttons.find(one => one.dataset.key === focused)?.focus()
}

// A point that can be chosen, by pointer and by keys.
function buttonOf({ key, words, name, on, tone }, { x, y }, place, onPoint) {
  const button = node('g', { class: `lx-plot-point ${tone}`, role: 'button', tabindex: 0, 'aria-label': name, 'aria-pressed': Boolean(on) })
  button.dataset.key = key
  button.append(node('title', {}, name), node('circle', { cx: x, cy: y, r: TOUCH, class: 'lx-plot-hit' }), node('circle', { cx: x, cy: y, r: on ? DOT + 2 : DOT, class: 'lx-plot-dot' }))
  if (words) button.append(node('text', { x: place.x, y: place.y, 'text-anchor': place.anchor, class: 'lx-plot-words' }, words))
  button.addEventListener('click', () => onPoint(key))
  button.addEventListener('keydown', event => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    onPoint(key)
  })
  return button
}
