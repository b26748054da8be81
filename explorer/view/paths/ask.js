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

// One sentence that compares strips, each { name, said }.
const times = value => `${value.toFixed(1)}×`
export function comparison(strips) {
  const told = strips.map(({ name, said }) => ({
    name, rough: said.roughness, far: said.relative.reduce((sum, value) => sum + value, 0) / said.relative.length,
    lost: said.standing.filter(standing => standing === 'gap' || standing === 'outside').length, of: said.standing.length,
  }))
  if (!told.length) return ''
  if (told.length === 1) {
    const [{ name, rough, lost, of }] = told
    return `${name}: the largest change of the image is ${times(rough)} the mean one; ${of - lost} of ${of} steps lie among training images.`
  }
  const by = key => [...told].sort((one, other) => one[key] - other[key]), [smooth, rough] = [by('rough')[0], by('rough').at(-1)]
  const [near, far] = [by('far')[0], by('far').at(-1)]
  const even = rough.rough - smooth.rough < 0.1
    ? `All change the image about as evenly (largest change ${times(smooth.rough)} to ${times(rough.rough)} the mean one)`
    : `${smooth.name} changes the image most evenly (largest change ${times(smooth.rough)} the mean one), ${rough.name} least (${times(rough.rough)})`
  const within = ({ name, lost, of }) => `${name} (${of - lost} of ${of} steps in data)`
  return `${even}; nearest to the training images stays ${within(near)}, farthest from them ${within(far)}.`
}
