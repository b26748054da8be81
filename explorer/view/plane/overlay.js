// What moves above the map, as SVG: the place pointed at, the place kept, and its posterior.
const SVG = 'http://www.w3.org/2000/svg'

export function createOverlay(svg) {
  const shape = (tag, className) => {
    const made = document.createElementNS(SVG, tag)
    made.setAttribute('class', className)
    made.setAttribute('visibility', 'hidden')
    svg.append(made)
    return made
  }
  // One and two standard deviations of q(z|x).
  const ellipses = [2, 1].map(k => ({ k, node: shape('ellipse', 'lx-posterior') }))
  // Two strokes, so that the ring shows on white, on black and on pictures.
  const halo = shape('circle', 'lx-kept lx-halo'), ring = shape('circle', 'lx-kept'), dot = shape('circle', 'lx-pointer')
  halo.setAttribute('r', 9)
  ring.setAttribute('r', 9)
  dot.setAttribute('r', 5)
  let keptPlace = null, pointPlace = null, sigma = null

  const put = (node, xy) => {
    node.setAttribute('visibility', xy ? 'visible' : 'hidden')
    if (xy) { node.setAttribute('cx', xy[0]); node.setAttribute('cy', xy[1]) }
  }
  return {
    keep(place) { keptPlace = place; sigma = null },
    point(place) { pointPlace = place },
    posterior(next) { sigma = next ?? null },
    draw(figure) {
      const { left, top, width, height } = figure.area(), box = svg.getBoundingClientRect()
      svg.style.clipPath = `inset(${top}px ${box.width - left - width}px ${box.height - top - height}px ${left}px)`
      for (const node of [halo, ring]) put(node, keptPlace && figure.toPixels(keptPlace))
      put(dot, pointPlace && figure.toPixels(pointPlace))
      for (const { k, node } of ellipses) {
        put(node, sigma && keptPlace && figure.toPixels(keptPlace))
        if (!sigma) continue
        const [ux, uy] = figure.unit()
        node.setAttribute('rx', k * sigma[0] * ux)
        node.setAttribute('ry', k * sigma[1] * uy)
      }
    },
  }
}
