// How one map lies on another (latent/align.py): matrix times place plus shift. A similarity, so that its inverse is its transpose
// divided by the square of its scale.
const same = place => place

// From places of the map to those of the other, and back.
export function turnOf(turn) {
  if (!turn) return { onto: same, back: same }
  const [[a, b], [c, d]] = turn.matrix, [x, y] = turn.shift, square = Math.abs(a * d - b * c)
  return {
    onto: ([px, py]) => [a * px + b * py + x, c * px + d * py + y],
    back: ([qx, qy]) => [(a * (qx - x) + c * (qy - y)) / square, (b * (qx - x) + d * (qy - y)) / square],
  }
}

// The points as they lie on the other map, whose directions are not those of this one's axes.
export function turned(points, onto) {
  const x = new Float32Array(points.n), y = new Float32Array(points.n)
  for (let i = 0; i < points.n; i++) [x[i], y[i]] = onto([points.x[i], points.y[i]])
  return { ...points, x, y, about: { ...points.about, axes: null } }
}
