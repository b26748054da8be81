// Boxes of the plane, { x0, x1, y0, y1 } in data units: pure arithmetic of what a view shows.

export const sizeOf = box => [box.x1 - box.x0, box.y1 - box.y0]
const around = (x, y, width, height) => ({ x0: x - width / 2, x1: x + width / 2, y0: y - height / 2, y1: y + height / 2 })
const centreOf = box => [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]

export const padded = (box, share = 0.04) => {
  const [width, height] = sizeOf(box), side = Math.max(width, height) || 1
  return { x0: box.x0 - share * side, x1: box.x1 + share * side, y0: box.y0 - share * side, y1: box.y1 + share * side }
}

// The smallest box of the given shape (pixels) that holds `box`: one unit is as long across as up.
export function fitted(box, pixelsWide, pixelsHigh) {
  const [width, height] = sizeOf(box), unit = Math.max(width / pixelsWide, height / pixelsHigh)
  return around(...centreOf(box), unit * pixelsWide, unit * pixelsHigh)
}

export const moved = (box, dx, dy) => ({ x0: box.x0 + dx, x1: box.x1 + dx, y0: box.y0 + dy, y1: box.y1 + dy })

// Zoom by a factor about a place that stays where it is; never farther than 1/4 or nearer than `most` times `home`.
export function zoomed(box, home, factor, x, y, most) {
  const span = sizeOf(box)[0], limit = sizeOf(home)[0]
  const next = Math.min(4 * limit, Math.max(limit / most, span / factor)), scale = next / span
  return { x0: x + (box.x0 - x) * scale, x1: x + (box.x1 - x) * scale, y0: y + (box.y0 - y) * scale, y1: y + (box.y1 - y) * scale }
}

export const holds = (box, [x, y]) => x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1
export const including = (box, [x, y]) => ({
  x0: Math.min(box.x0, x), x1: Math.max(box.x1, x), y0: Math.min(box.y0, y), y1: Math.max(box.y1, y),
})

// Push places apart until each pair is at least `gap` away, so that names written there can be read.
export function spreadOut(places, gap) {
  const all = places.map(place => place.slice())
  for (let round = 0; round < 30; round++) {
    let still = true
    for (let a = 0; a < all.length; a++) for (let b = 0; b < a; b++) {
      const dx = all[a][0] - all[b][0], dy = all[a][1] - all[b][1], distance = Math.hypot(dx, dy)
      if (distance >= gap) continue
      still = false
      const push = (gap - distance) / 2 + 1e-9 * gap, [ux, uy] = distance ? [dx / distance, dy / distance] : [0, 1]
      all[a] = [all[a][0] + ux * push, all[a][1] + uy * push]
      all[b] = [all[b][0] - ux * push, all[b][1] - uy * push]
    }
    if (still) break
  }
  return all
}
