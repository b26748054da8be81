// What of a manifold is decoded for a view: pure arithmetic.
//
// Places of the picture are (u, v) in the unit square, v upwards; a frame turns them into latents. Cells lie on a lattice that is
// halved as one comes nearer, so that a cell keeps its latent while the view moves, and the sharper picture falls onto the coarser.
import { quantile, share } from '../js/normal.js'

// Cells across the whole picture at the level 0.
const BASE = 20
// Never nearer than so many times the whole, where neighbouring cells are the same image to the eye.
export const NEAREST = 256
// Cells beyond the view that are decoded with it, for a hand that drags; and the most that the server decodes along one side.
const MARGIN = 2, MOST = 40
// No latent lies at the very edge of a Gaussian.
const EDGE = 1e-7

// `frame` is { centre, scale } of the Gaussian; `spaced` 'normal' or 'linear', the latter to `reach` deviations from the centre.
export function createPlane({ centre, scale }, spaced, reach) {
  const inside = u => Math.min(1 - EDGE, Math.max(EDGE, u))
  const toDeviations = u => (spaced === 'normal' ? quantile(inside(u)) : reach * (2 * u - 1))
  const fromDeviations = t => (spaced === 'normal' ? share(t) : (t / reach + 1) / 2)
  return {
    toLatent: place => place.map((u, k) => centre[k] + scale[k] * toDeviations(u)),
    toPlace: z => z.map((value, k) => fromDeviations((value - centre[k]) / scale[k])),
    // The box of cells as the server is asked for it: shares of the Gaussian, or latents.
    asked(box) {
      if (spaced === 'normal') return box
      const [x0, y0] = this.toLatent([box.x0, box.y0]), [x1, y1] = this.toLatent([box.x1, box.y1])
      return { x0, x1, y0, y1 }
    },
  }
}

// The cells that a view of the unit square needs when it is drawn `side` pixels wide and none may be narrower than `least` pixels:
// their box, how many there are, and how many there would be across the whole.
export function cellsFor(view, side, least) {
  const level = Math.floor(Math.log2(side / (view.x1 - view.x0) / (BASE * least))), across = BASE * 2 ** Math.max(-2, level)
  const range = (low, high) => {
    let from = Math.max(0, Math.floor(low * across) - MARGIN), to = Math.min(across, Math.ceil(high * across) + MARGIN)
    while (to - from > MOST) { to--; if (to - from > MOST) from++ }
    return [from, to]
  }
  const [left, right] = range(view.x0, view.x1), [low, high] = range(view.y0, view.y1)
  const box = { x0: left / across, x1: right / across, y0: low / across, y1: high / across }
  return { box, nx: right - left, ny: high - low, across }
}

// A view no larger than the unit square, and within it.
export function bounded({ x0, x1, y0, y1 }) {
  const span = Math.min(1, Math.max(1 / NEAREST, x1 - x0)), clamp = low => Math.min(1 - span, Math.max(0, low))
  const left = clamp((x0 + x1 - span) / 2), low = clamp((y0 + y1 - span) / 2)
  return { x0: left, x1: left + span, y0: low, y1: low + span }
}

// A view as the address says it: finer than a screen pixel at the nearest zoom; '' for the whole.
const WHOLE = { x0: 0, x1: 1, y0: 0, y1: 1 }
export const zoomText = ({ x0, x1, y0, y1 }) => (x1 - x0 === 1 ? '' : [x0, x1, y0, y1].map(share => share.toFixed(5)).join(','))
export function viewOf(text) {
  if (!text) return WHOLE
  const [x0, x1, y0, y1] = text.split(',').map(Number)
  return bounded({ x0, x1, y0, y1 })
}

export function zoomed({ x0, x1, y0, y1 }, factor, [u, v]) {
  const scale = Math.min(1, Math.max(1 / NEAREST, (x1 - x0) / factor)) / (x1 - x0)
  return bounded({ x0: u + (x0 - u) * scale, x1: u + (x1 - u) * scale, y0: v + (y0 - v) * scale, y1: v + (y1 - v) * scale })
}

// Round numbers of latents between two places of an axis, where there is room for their names: [{ z, at }], `at` in [0, 1] of the
// axis. `toLatent(u)` and `toPlace(z)` are those of the axis, `length` its pixels.
export function ticks(low, high, length, toLatent, toPlace) {
  const quarter = (high - low) / 4, [from, to] = [toLatent(low), toLatent(high)], room = 42
  // Steps that suit the middle half: at the ends of a Gaussian lies the whole plane.
  const rough = 2 * (toLatent(high - quarter) - toLatent(low + quarter)) / Math.max(2, length / 60), power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(one => one * power).find(one => one >= rough)
  const found = []
  for (let k = Math.ceil(from / step); k * step <= to; k++) {
    const z = Number((k * step).toPrecision(6)), at = (toPlace(z) - low) / (high - low)
    if (at >= 0 && at <= 1) found.push({ z, at })
  }
  // From the middle outwards: a Gaussian crowds its ends.
  const middle = found.reduce((best, one, i) => (Math.abs(one.at - 0.5) < Math.abs(found[best].at - 0.5) ? i : best), 0)
  const far = (one, other) => Math.abs(one.at - other.at) * length >= room
  const kept = found.slice(middle, middle + 1)
  for (const one of found.slice(middle + 1)) if (far(one, kept.at(-1))) kept.push(one)
  for (const one of found.slice(0, middle).reverse()) if (far(one, kept[0])) kept.unshift(one)
  return kept
}
