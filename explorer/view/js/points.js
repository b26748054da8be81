// The points of a map: one binary answer, and the nearest point to a place on the screen.

export function parsePoints(buffer) {
  const [n, length] = new Uint32Array(buffer, 0, 2)
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)))
  let at = 8 + length
  const column = Type => { const values = new Type(buffer, at, n); at += values.byteLength; return values }
  const x = column(Float32Array), y = column(Float32Array), row = column(Int32Array), label = column(Uint8Array)
  return { n, about, x, y, row, label, indexOf: rowFinder(row) }
}

// row of the data set -> position among the points, or -1. Rows ascend, so that no table is needed.
function rowFinder(row) {
  return wanted => {
    let low = 0, high = row.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      if (row[middle] === wanted) return middle
      if (row[middle] < wanted) low = middle + 1
      else high = middle - 1
    }
    return -1
  }
}

// A uniform grid over the map: looking up what lies around a place costs the same at any number of points.
export function indexPoints({ n, x, y }) {
  const side = Math.max(1, Math.min(512, Math.floor(Math.sqrt(n / 2))))
  const box = bounds(x, y)
  const sx = side / (box.x1 - box.x0 || 1), sy = side / (box.y1 - box.y0 || 1)
  const clamp = value => Math.max(0, Math.min(side - 1, Math.floor(value)))
  const cell = i => clamp((y[i] - box.y0) * sy) * side + clamp((x[i] - box.x0) * sx)
  const start = new Uint32Array(side * side + 1)
  for (let i = 0; i < n; i++) start[cell(i) + 1]++
  for (let c = 0; c < side * side; c++) start[c + 1] += start[c]
  const order = new Uint32Array(n), fill = start.slice()
  for (let i = 0; i < n; i++) order[fill[cell(i)]++] = i
  return { side, box, sx, sy, clamp, start, order }
}

// The point nearest to (px, py) measured on the screen: `unit` are pixels per data unit in x and y.
// Only points for which `visible(i)` holds count. Returns { i, pixels } or null.
export function nearestPoint(points, index, [px, py], [ux, uy], visible = () => true) {
  const { side, box, sx, sy, clamp, start, order } = index
  const cx = clamp((px - box.x0) * sx), cy = clamp((py - box.y0) * sy)
  const cellPixels = Math.min(ux / sx, uy / sy)
  // A place outside the box is nearer to no cell than its distance to the box; rings count from the clamped cell.
  let best = null, bestSquared = Infinity
  for (let ring = 0; ring < side; ring++) {
    if (best !== null && bestSquared <= ((ring - 1) * cellPixels) ** 2) break
    for (let gy = cy - ring; gy <= cy + ring; gy++) {
      if (gy < 0 || gy >= side) continue
      const edge = Math.abs(gy - cy) === ring
      for (let gx = cx - ring; gx <= cx + ring; gx += edge || ring === 0 ? 1 : 2 * ring) {
        if (gx < 0 || gx >= side) continue
        const c = gy * side + gx
        for (let k = start[c]; k < start[c + 1]; k++) {
          const i = order[k]
          if (!visible(i)) continue
          const squared = ((points.x[i] - px) * ux) ** 2 + ((points.y[i] - py) * uy) ** 2
          if (squared < bestSquared) { bestSquared = squared; best = i }
        }
      }
    }
  }
  return best === null ? null : { i: best, pixels: Math.sqrt(bestSquared) }
}

// Calls `each(i)` for the points within a box of the map, until it returns false.
export function eachWithin(points, { side, box, sx, sy, clamp, start, order }, { x0, x1, y0, y1 }, each) {
  if (x1 < box.x0 || x0 > box.x1 || y1 < box.y0 || y0 > box.y1) return
  const [left, right] = [x0, x1].map(x => clamp((x - box.x0) * sx)), [low, high] = [y0, y1].map(y => clamp((y - box.y0) * sy))
  for (let gy = low; gy <= high; gy++) {
    for (let k = start[gy * side + left]; k < start[gy * side + right + 1]; k++) {
      const i = order[k], x = points.x[i], y = points.y[i]
      if (x >= x0 && x <= x1 && y >= y0 && y <= y1 && each(i) === false) return
    }
  }
}

// Which points lie in a polygon, by the even-odd rule: the same rule as the server's. Calls `each(i)` until it returns false.
export function eachInside(points, index, corners, each) {
  const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y)
  const box = { x0: Math.min(...xs), x1: Math.max(...xs), y0: Math.min(...ys), y1: Math.max(...ys) }
  eachWithin(points, index, box, i => {
    let odd = false
    corners.forEach(([x0, y0], k) => {
      const [x1, y1] = corners[(k + 1) % corners.length], y = points.y[i]
      if ((y0 > y) !== (y1 > y) && points.x[i] < x0 + (y - y0) * (x1 - x0) / (y1 - y0)) odd = !odd
    })
    return odd ? each(i) : true
  })
}
export function anyInside(points, index, corners, visible) {
  let found = false
  eachInside(points, index, corners, i => { found = visible(i); return !found })
  return found
}

export function bounds(x, y) {
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity
  for (let i = 0; i < x.length; i++) {
    if (x[i] < x0) x0 = x[i]
    if (x[i] > x1) x1 = x[i]
    if (y[i] < y0) y0 = y[i]
    if (y[i] > y1) y1 = y[i]
  }
  return { x0, x1, y0, y1 }
}

// The box of the middle 99 % in each direction: a few far outliers must not squeeze everything else into a corner.
export function coreBounds(x, y) {
  const cut = values => {
    const sorted = Float32Array.from(values).sort(), at = share => sorted[Math.round(share * (sorted.length - 1))]
    return [at(0.005), at(0.995)]
  }
  const [x0, x1] = cut(x), [y0, y1] = cut(y)
  return { x0, x1, y0, y1 }
}

// Where a group's name is written: at the median of its points, where most of them are.
export function groupCentres({ n, x, y }, of, count) {
  return Array.from({ length: count }, (_, group) => {
    const xs = [], ys = []
    for (let i = 0; i < n; i++) if (of[i] === group) { xs.push(x[i]); ys.push(y[i]) }
    if (!xs.length) return null
    const middle = values => Float32Array.from(values).sort()[values.length >> 1]
    return [middle(xs), middle(ys)]
  })
}
