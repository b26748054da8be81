// What moves above the map, as SVG: the place pointed at, the place kept with its posterior and its neighbours, and the line
// that a person draws around points. All places are in data units; `draw` puts them on the screen.
import { holdsPixel } from './figure.js'

const SVG = 'http://www.w3.org/2000/svg'

// The dot under the pointer is an element of its own, moved without drawing anything anew.
export function createOverlay(svg, dot) {
  const shape = (tag, className, parent = svg) => {
    const made = document.createElementNS(SVG, tag)
    made.setAttribute('class', className)
    parent.append(made)
    return made
  }
  // One and two standard deviations of q(z|x).
  const ellipses = [2, 1].map(k => ({ k, node: shape('ellipse', 'lx-posterior') }))
  const samples = shape('g', 'lx-samples'), lines = shape('g', 'lx-lines'), stroke = shape('path', 'lx-stroke')
  // Two strokes, so that the ring shows on white, on black and on pictures.
  const halo = shape('circle', 'lx-kept lx-halo'), ring = shape('circle', 'lx-kept')
  halo.setAttribute('r', 9)
  ring.setAttribute('r', 9)
  const state = { kept: null, point: null, sigma: null, samples: [], neighbours: [], stroke: null }

  const put = (node, xy) => {
    node.setAttribute('visibility', xy ? 'visible' : 'hidden')
    if (xy) { node.setAttribute('cx', xy[0]); node.setAttribute('cy', xy[1]) }
  }
  const filled = (group, tag, className, count) => {
    while (group.children.length > count) group.lastChild.remove()
    while (group.children.length < count) shape(tag, className, group)
    return [...group.children]
  }
  const overlay = {
    keep(place) { Object.assign(state, { kept: place, sigma: null, samples: [], neighbours: [] }) },
    point(place) { state.point = place },
    posterior(sigma) { state.sigma = sigma ?? null },
    samples(places) { state.samples = places },
    // Places of the nearest latents of the kept place: where a map tears neighbours apart, these lines are long.
    neighbours(places) { state.neighbours = places },
    stroke(places) { state.stroke = places },
    follow(figure) {
      const at = state.point && figure.toPixels(state.point), there = Boolean(at) && holdsPixel(figure.area(), at)
      if (dot.hidden === there) dot.hidden = !there
      if (there) dot.style.transform = `translate(${at[0]}px, ${at[1]}px)`
    },
    draw(figure) {
      overlay.follow(figure)
      const { left, top, right, bottom } = figure.area()
      svg.style.clipPath = `inset(${top}px ${right}px ${bottom}px ${left}px)`
      const kept = state.kept && figure.toPixels(state.kept)
      for (const node of [halo, ring]) put(node, kept)
      for (const { k, node } of ellipses) {
        put(node, state.sigma && kept)
        if (!state.sigma) continue
        const [ux, uy] = figure.unit()
        node.setAttribute('rx', k * state.sigma[0] * ux)
        node.setAttribute('ry', k * state.sigma[1] * uy)
      }
      filled(samples, 'circle', 'lx-sample', state.samples.length).forEach((node, index) => {
        put(node, figure.toPixels(state.samples[index]))
        node.setAttribute('r', 3)
      })
      filled(lines, 'line', 'lx-line', kept ? state.neighbours.length : 0).forEach((node, index) => {
        const [x, y] = figure.toPixels(state.neighbours[index])
        for (const [name, value] of [['x1', kept[0]], ['y1', kept[1]], ['x2', x], ['y2', y]]) node.setAttribute(name, value)
      })
      const corners = state.stroke?.map(place => figure.toPixels(place).map(value => value.toFixed(1)).join(' ')) ?? []
      stroke.setAttribute('d', corners.length > 1 ? `M${corners.join('L')}Z` : '')
    },
  }
  return overlay
}
