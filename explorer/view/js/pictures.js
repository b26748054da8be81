// Images at the points: which points get a picture, and how large, at the present view. Pure, so that it can be tested.
import { eachWithin } from './points.js'

// Pictures of these sides, in pixels, the largest that fits enough of the points.
export const SIDES = [64, 48, 36, 28]
// Pictures come when at least this share of the points in view can have one without hiding another.
const SHARE = 0.4
// More points than this can never be far enough apart on a screen.
const MOST = 3000

// `box` is the view in data units, `unit` pixels per data unit, `visible(i)` whether a point is shown.
// Returns { side, at: [positions] }, with no position while the points lie too close together.
export function picturesIn(points, index, box, [ux, uy], visible = () => true) {
  const inView = []
  eachWithin(points, index, box, i => { if (visible(i)) inView.push(i); return inView.length <= MOST })
  if (!inView.length || inView.length > MOST) return { side: 0, at: [] }
  inView.sort((a, b) => a - b)                 // the same points win wherever the view is
  for (const side of SIDES) {
    const at = apart(points, inView, side / ux, side / uy)
    if (at.length >= SHARE * inView.length) return { side, at }
  }
  return { side: 0, at: [] }
}

// Those of `positions`, taken in turn, whose picture of width x height overlaps none taken before.
function apart({ x, y }, positions, width, height) {
  const taken = new Map(), key = (cx, cy) => `${cx} ${cy}`
  return positions.filter(i => {
    const cx = Math.floor(x[i] / width), cy = Math.floor(y[i] / height)
    for (let gx = cx - 1; gx <= cx + 1; gx++) for (let gy = cy - 1; gy <= cy + 1; gy++) {
      const other = taken.get(key(gx, gy))
      if (other !== undefined && Math.abs(x[i] - x[other]) < width && Math.abs(y[i] - y[other]) < height) return false
    }
    taken.set(key(cx, cy), i)
    return true
  })
}
