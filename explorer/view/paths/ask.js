// What the component asks of the server: the ways that are shown, their addresses, and how answers are read.
import { at } from '../js/address.js'
import { parseHead } from '../js/binary.js'

// How each way is drawn: told apart by its strokes as well as by its colour, and by its name.
export const WAYS = {
  linear: { title: 'Linear', tone: 'var(--lx-text)', dashed: '', help: 'Straight from A to B' },
  slerp: { title: 'Slerp', tone: 'var(--lx-slerp)', dashed: '9 5', help: 'Turning about the middle, at an even distance from it' },
  density: { title: 'Along the data', tone: 'var(--lx-density)', dashed: '1.5 5', help: 'Where training images are: the cheapest way over them, smoothed' },
  drawn: { title: 'Drawn', tone: 'var(--lx-generated)', dashed: '', help: 'Along the line that you drew over the map' },
  shift: { title: 'A + s (X − Y)', tone: 'var(--lx-latent)', dashed: '4 4', help: 'A, changed in the direction from the mean of Y to that of X' },
}
// How far the arithmetic goes to both sides; latent/walk.py has the same number.
export const REACH = 2
export const strengthOf = share => REACH * (2 * share - 1)
export const shareOf = strength => (strength / REACH + 1) / 2

// All strips of a view, way by way, so that models stand below each other: { id, model, way }.
export function stripsOf(shown) {
  const ways = [...new Set(shown.ways.split(',')), ...(shown.stroke ? ['drawn'] : []), ...(shown.plus && shown.minus ? ['shift'] : [])]
  return ways.flatMap(way => [shown.model, ...shown.beside].map(model => ({ id: `${model} ${way}`, model, way })))
}

// The way of a strip in the words of latent/walk.py; what another kind of way needs stays out.
const USED = { linear: ['a', 'b'], slerp: ['a', 'b'], density: ['a', 'b'], drawn: ['stroke'], shift: ['a', 'plus', 'minus'] }
export function walkOf(shown, { way }) {
  const walk = { way, projection: shown.projection }
  for (const name of USED[way]) walk[name] = shown[name]
  return shown.label === null ? walk : { ...walk, label: shown.label }
}

// A message for the decode channel: what lies at a share of a way.
export const message = (shown, strip, share) => ({
  kind: 'walk', model: strip.model, dataset: shown.dataset, count: shown.count, home: shown.model,
  walk: walkOf(shown, strip), at: [share],
})

// The address of what one meets on a way, or of a file of it: `file` is 'walk.gif' and so on.
export function walkUrl(shown, strip, file = '', more = {}) {
  const { projection, ...walk } = walkOf(shown, strip)
  const query = new URLSearchParams({ count: shown.count, steps: shown.steps, home: shown.model, ...walk, ...more })
  const path = [strip.model, shown.dataset, projection].map(encodeURIComponent).join('/')
  return at(`walk/${path}${file && `/${file}`}?${query}`)
}

// An answer with its images (H, W, C): { said, images }.
export function parseImages(buffer) {
  const { said, at: start } = parseHead(buffer), size = said.shape.reduce((product, side) => product * side, 1), images = []
  for (let from = start; from + size <= buffer.byteLength; from += size) images.push(new Uint8Array(buffer, from, size))
  return { said, images }
}

// The answer of an address; rejects with the server's sentence.
export async function fetched(url, signal) {
  const answer = await fetch(url, { signal })
  if (!answer.ok) throw new Error(await answer.text())
  return parseImages(await answer.arrayBuffer())
}

// A drawn line as the address writes it: at most 40 places, x and y of each in turn, finer than a screen pixel.
const MOST_PLACES = 40, PARTS = 2000, MOST_DIGITS = 6
export function strokeText(places) {
  const kept = places.length <= MOST_PLACES ? places
    : Array.from({ length: MOST_PLACES }, (_, k) => places[Math.round(k * (places.length - 1) / (MOST_PLACES - 1))])
  const span = Math.max(...[0, 1].map(k => Math.max(...kept.map(place => place[k])) - Math.min(...kept.map(place => place[k]))))
  const digits = Math.min(MOST_DIGITS, Math.max(0, Math.ceil(Math.log10(PARTS / (span || 1)))))
  return kept.flat().map(value => String(Number(value.toFixed(digits)))).join('_')
}

// How many steps are in data, and how many are rare images: '8 of 9, 1 rare'.
export function counted(standing) {
  const [data, rare] = ['data', 'rare'].map(kind => standing.filter(one => one === kind).length)
  return `${data} of ${standing.length}${rare ? `, ${rare} rare` : ''}`
}

// What strips, each { name, said }, have more and less of. Figures are ranked only where they differ as they are written here.
const times = value => `${value.toFixed(1)}×`
// Largest changes this near to each other look the same.
const ALIKE = 0.15
export function comparison(strips) {
  const still = strips.filter(({ said }) => said.length === 0), moving = strips.filter(({ said }) => said.length > 0)
  const same = still.every(({ said }) => said.change === 0) ? 'so every step between them shows the same image.' : 'so only the class that is told changes between them.'
  return [still.length ? `A and B are the same latent, ${same}` : '', compared(moving)].filter(Boolean).join(' ')
}
function compared(strips) {
  const told = strips.map(({ name, said: { roughness, relative, standing } }) => ({
    name, standing, rough: roughness, far: relative.reduce((sum, value) => sum + value, 0) / relative.length,
    lost: standing.filter(one => one === 'gap' || one === 'outside').length,
  }))
  if (!told.length) return ''
  if (told.length === 1) return `${told[0].name}: the largest change of the image is ${times(told[0].rough)} the mean one; steps in data: ${counted(told[0].standing)}.`
  return `${evenness(extremes(told, 'rough'))}; ${nearness(extremes(told, 'far'))}; ${within(told)}.`
}
function evenness({ low, high, lowest, highest }) {
  const most = `largest change ${times(low)}`
  if (low === high) return `All change the image as evenly (${most} the mean one)`
  if (high - low < ALIKE) return `All change the image about as evenly (${most} to ${times(high)} the mean one)`
  return `${listed(lowest)} ${lowest.length > 1 ? 'change' : 'changes'} the image most evenly (${most} the mean one), ${listed(highest)} least (${times(high)})`
}
function nearness({ low, high, lowest, highest }) {
  const usual = `(${times(low)} the usual distance on average)`
  if (low === high) return `all are as near to the training images ${usual}`
  return `nearest to the training images ${lowest.length > 1 ? 'stay' : 'stays'} ${listed(lowest)} ${usual}, farthest from them ${listed(highest)} (${times(high)})`
}
function within(told) {
  const { low, high, lowest, highest } = extremes(told, 'lost'), of = told[0].standing.length
  if (told.every(({ standing }) => standing.every(one => one === 'data'))) return 'every step is in data'
  if (high === 0) return 'no step is in a gap or outside'
  if (low === high) return `${low} of ${of} steps of each are in a gap or outside`
  return `fewest steps in a gap or outside ${lowest.length > 1 ? 'have' : 'has'} ${listed(lowest)} (${low} of ${of}), most ${listed(highest)} (${high})`
}
// The least and the most of a figure, to the one digit that is written, and who has them.
function extremes(told, key) {
  const values = told.map(one => Number(one[key].toFixed(1))), low = Math.min(...values), high = Math.max(...values)
  const those = value => told.filter((_, k) => values[k] === value).map(({ name }) => name)
  return { low, high, lowest: those(low), highest: those(high) }
}
// More than two names would make the sentence a list.
const listed = names => (names.length > 2 ? `${names.length} of the strips` : names.join(' and '))

// Places [[x, y], ...] of a way with the jumps between them evened out over WIDTH of its length to both sides; the ends stay.
const WIDTH = 0.09
export function smoothed(places) {
  const n = places.length, last = n - 1, sigma = WIDTH * last, reach = Math.min(last, Math.ceil(3 * sigma))
  // Beyond an end the way goes on as its own mirror image, turned about that end.
  const at = (i, k) => (i < 0 ? 2 * places[0][k] - places[-i][k] : i > last ? 2 * places[last][k] - places[2 * last - i][k] : places[i][k])
  const weights = Array.from({ length: 2 * reach + 1 }, (_, j) => Math.exp(-0.5 * ((j - reach) / sigma) ** 2))
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  return places.map((_, i) => [0, 1].map(k => weights.reduce((sum, weight, j) => sum + weight * at(i + j - reach, k), 0) / whole))
}
