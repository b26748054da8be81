// The map as a file: what is on the screen, with a title and a legend that say what it is. SVG and PNG are one picture.
import { holds } from '../js/boxes.js'
import { download, measurer, painted } from '../js/download.js'
import { FONT, GLYPH, sheet } from '../js/sheet.js'
import { themeOf } from '../js/theme.js'
import { className, number, rowName } from '../js/words.js'
import { GREY } from './traces.js'
import { imagesWords, undrawnWords } from './view.js'

const STYLES = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity']
const GEOMETRY = ['cx', 'cy', 'r', 'rx', 'ry', 'x1', 'y1', 'x2', 'y2', 'd']
const LAYERS = { points: '', both: 'points on decoded images', grid: 'decoded images' }
const MIDDLE = GLYPH / 2

// The groups of which a point in `box` shows its colour: positions among the groups. `selected` are positions of points, null
// for all.
export function groupsShown({ x, y }, { groups, of }, { visible, selected, box }) {
  const seen = new Uint8Array(groups.length)
  for (const i of selected ?? of.keys()) if (holds(box, [x[i], y[i]])) seen[of[i]] = 1
  return [...groups.keys()].filter(group => visible[group] && seen[group])
}

// `view` is what plane.js shows now; the file is called after its model and map.
export async function saveMap(root, format, view) {
  const { svg, width, height } = await pictureOf(root, view)
  const blob = format === 'png' ? await painted(svg, width, height) : new Blob([svg], { type: 'image/svg+xml' })
  download(blob, `${view.shown.model}-${view.shown.projection}.${format}`)
}

async function pictureOf(root, view) {
  const { figure, points, shown } = view, part = name => root.querySelector(`[data-part=${name}]`)
  // All that may change while Plotly draws is read before.
  const area = figure.area(), overlay = nodesOf(part('overlay'), area), canvas = part('pictures')
  const found = figure.selected && !shown.polygon && part('find-note').textContent
  const parts = {
    title: shown.title, subtitle: [imagesWords(points, shown.dataset), ...layerWords(view)].join(' · '),
    notes: [found, ...undrawnWords(points, figure), part('quality').textContent].filter(Boolean),
    area, pictures: +canvas.dataset.count ? canvas.toDataURL() : null, marks: overlay.map(drawn),
    legend: [...groupItems(root, view), ...markItems(root, view, overlay), ...layerItems(view.layer)],
    theme: themeOf(root), measure: measurer(FONT),
  }
  return sheet({ ...parts, ...await figure.drawing(FONT) })
}

function layerWords({ points, shown, colouring }) {
  const told = shown.layer !== 'points' && shown.label !== null
  return [
    LAYERS[shown.layer] + (told ? ` as ${points.about.classes[shown.label]}` : ''),
    shown.layer === 'grid' ? '' : `colour: ${colouring.key === 'label' ? 'class' : colouring.title}`,
  ].filter(Boolean)
}

// --- the overlay ----------------------------------------------------------------------------------------------------
// What is drawn upon the map within `area`, each with the looks that the style sheet gives it.
function nodesOf(overlay, { left, top, width, height }) {
  const seen = node => {
    const box = node.getBBox()
    return node.getAttribute('visibility') !== 'hidden' && node.getAttribute('d') !== '' &&
      box.x <= left + width && box.x + box.width >= left && box.y <= top + height && box.y + box.height >= top
  }
  return [...overlay.querySelectorAll('circle, ellipse, line, path')].filter(seen).map(node => {
    const style = getComputedStyle(node)
    return {
      tag: node.tagName, kind: node.getAttribute('class'), looks: STYLES.map(name => [name, style.getPropertyValue(name)]),
      geometry: GEOMETRY.filter(name => node.hasAttribute(name)).map(name => [name, node.getAttribute(name)]),
    }
  })
}
const drawn = ({ tag, kind, geometry, looks }) =>
  `<${tag} ${[['class', kind], ...geometry, ...looks].map(([name, value]) => `${name}="${value}"`).join(' ')}/>`

// --- the legend -----------------------------------------------------------------------------------------------------
const disc = colour => `<circle cx="${MIDDLE}" cy="${MIDDLE}" r="5.5" fill="${colour}"/>`

function groupItems(root, { figure, points, colouring, visible, shown }) {
  if (shown.layer === 'grid') return []
  const groups = groupsShown(points, colouring, { visible, selected: figure.selected, box: figure.view() })
  const heading = root.querySelector('[data-part=legend-title]').textContent || 'Class'
  const entries = groups.map(group => {
    const { name, colour } = colouring.groups[group]
    return { kind: 'entry', text: name, group: name, mark: disc(colour) }
  })
  const grey = figure.selected || visible.includes(false) ? [{ kind: 'entry', text: 'all others', mark: disc(GREY) }] : []
  return [{ kind: 'heading', text: heading }, ...entries, ...grey]
}

// Each kind of mark that is on the map, drawn small, with what it means.
function markItems(root, { points, kept, shown }, nodes) {
  const words = name => root.querySelector(name)?.textContent ?? '', nearest = words('[data-part=neighbours-title]')
  const middle = { cx: MIDDLE, cy: MIDDLE }, where = kept.xy?.map(value => number(value)).join(', ')
  const item = (kinds, geometry, text) => {
    const own = kinds.flatMap(kind => nodes.find(node => node.kind === kind) ?? [])
    const mark = own.map(node => drawn({ ...node, geometry: Object.entries(geometry) })).join('')
    return mark ? [{ kind: 'entry', text, mark }] : []
  }
  const image = () => `Kept: ${className(points.about, points.label[kept.i])}, ${rowName(points.about, kept.row)}`
  const items = [
    ...item(['lx-kept lx-halo', 'lx-kept'], { ...middle, r: 6 }, where ? `Kept place (${where})` : image()),
    ...item(['lx-line'], { x1: 0, y1: MIDDLE, x2: GLYPH, y2: MIDDLE }, `${shown.neighbours} ${nearest.toLowerCase()}`),
    ...item(['lx-posterior'], { ...middle, rx: 8, ry: 5 }, 'Posterior q(z|x) of the kept image, 1 and 2 σ'),
    ...item(['lx-sample'], { ...middle, r: 3 }, 'Samples of the posterior'),
    ...item(['lx-stroke'], { d: `M2 4H${GLYPH - 2}V${GLYPH - 4}H2Z` }, words('.lx-group-head b') || 'Drawn shape'),
  ]
  return items.length ? [{ kind: 'heading', text: 'On the map' }, ...items] : []
}

// The layer of trust explains itself as it does on the page.
function layerItems(legend) {
  if (!legend) return []
  const { title, unit, scale, stops, low, high } = legend, end = stop => Number(stop.value.toPrecision(2)).toString()
  const square = colour => `<rect x="3" y="3" width="12" height="12" rx="2" fill="${colour}"/>`
  const tones = scale === 'category' ? stops.map(({ name, colour }) => ({ kind: 'entry', text: name, mark: square(colour) }))
    : [{ kind: 'ramp', stops: stops.map(stop => stop.colour), low: end(stops[0]), high: end(stops.at(-1)) }]
  const notes = low ? [{ kind: 'note', text: `Low: ${low}` }, { kind: 'note', text: `High: ${high}` }] : []
  return [{ kind: 'heading', text: unit ? `${title}, ${unit}` : title }, ...tones, ...notes]
}
