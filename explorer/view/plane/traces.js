// The traces of the map: one for each group of points, so that a group is hidden, greyed or coloured as a whole.
export const GREY = '#8A93A0'
// Points that are not chosen stay as a grey ground for those that are.
const FAINT = 0.12
const OPACITY = { points: 0.75, both: 0.5 }
// Without WebGL a browser draws each point as an element: more than this takes seconds.
export const WITHOUT_WEBGL = 5000

// Fewer points can be drawn larger; many would hide each other.
export const markerSize = n => (n <= 8000 ? 5 : n <= 80000 ? 3 : 2)

// Every so-many-th point, so that at most `most` are drawn; null draws all.
export const thinned = (n, most) => (n <= most ? null : Math.ceil(n / most))

// The points of each group: `among` are positions, or null for all.
export function columns({ n, x, y }, of, count, among = null, every = 1) {
  const total = among ? among.length : n, sizes = new Uint32Array(count)
  const position = among ? k => among[k] : k => k
  for (let k = 0; k < total; k += every) sizes[of[position(k)]]++
  const made = Array.from(sizes, size => ({ x: new Float32Array(size), y: new Float32Array(size), at: 0 }))
  for (let k = 0; k < total; k += every) {
    const i = position(k), column = made[of[i]]
    column.x[column.at] = x[i]
    column.y[column.at++] = y[i]
  }
  return made
}

// The points of every group; with `selected` (positions of a chosen group) theirs again, to lie on top of all others.
export function columnsOf(points, { of, groups }, selected, webgl) {
  const every = webgl ? 1 : thinned(points.n, WITHOUT_WEBGL) ?? 1
  const some = among => columns(points, of, groups.length, among, every)
  return selected ? [...some(null), ...some(selected)] : some(null)
}

// `among`: what columnsOf gave for these groups; `n` counts the points of the whole map.
export function traces(among, n, colouring, visible, layer, webgl) {
  const groups = colouring.groups, look = looks(colouring, visible, among.length > groups.length, layer)
  return among.map(({ x, y }, k) => ({
    type: webgl ? 'scattergl' : 'scatter', mode: 'markers', name: groups[k % groups.length].name, x, y, hoverinfo: 'skip',
    visible: layer !== 'grid', marker: { color: look[k].colour, size: markerSize(n), opacity: look[k].opacity },
  }))
}

// How each trace looks: shown in its colour, or as grey ground.
function looks(colouring, visible, selected, layer) {
  const lit = OPACITY[layer] ?? OPACITY.points
  const shown = colouring.groups.map(({ colour }, group) => [colour, visible[group]])
  const look = (on, colour) => (on ? { colour, opacity: lit } : { colour: GREY, opacity: FAINT })
  const ground = shown.map(([colour, on]) => look(on && !selected, colour))
  return selected ? [...ground, ...shown.map(([colour, on]) => look(on, colour))] : ground
}
