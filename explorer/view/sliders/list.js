// The sliders: the dimensions that carry most first, sixteen at a time, or those that are looked for.
import { element, partsOf, say } from '../js/dom.js'
import { wanted } from './moves.js'
import { createRow } from './row.js'

const TOGETHER = 16
// Tracks are drawn a little before they come into sight.
const AHEAD = '250px'

// `on` as in row.js.
export function createList(root, on) {
  const part = partsOf(root), host = part('rows'), rows = new Map()
  let facts = null, order = [], shown = TOGETHER, extra = new Set(), state = null
  const sight = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) rows.get(target.dataset.dimension - 1).inSight = isIntersecting
    on.sight()
  }, { rootMargin: AHEAD })

  function listed() {
    const found = wanted(part('find').value, order.length)
    if (found?.size) return order.filter(dimension => found.has(dimension))
    return order.filter((dimension, place) => place < shown || extra.has(dimension))
  }
  function draw() {
    const now = listed(), nodes = now.map(rowOf)
    for (const row of rows.values()) if (!now.includes(row.dimension)) row.inSight = false
    host.replaceChildren(...nodes.map(row => row.node))
    nodes.forEach(show)
    words(now)
  }
  function rowOf(dimension) {
    if (!rows.has(dimension)) {
      const row = createRow(facts, dimension, on)
      rows.set(dimension, row)
      sight.observe(row.node)
    }
    return rows.get(dimension)
  }
  function words(now) {
    const left = order.length - now.length, found = wanted(part('find').value, order.length), dead = facts.why.filter(Boolean).length
    part('more').hidden = !left || Boolean(found?.size)
    part('more').textContent = `Show ${Math.min(TOGETHER, left)} more`
    say(part('find-note'), found === null ? 'Type numbers, like 3 or 10-20.' : part('find').value.trim() && !found.size ? `There are dimensions 1 to ${order.length}.` : '')
    say(part('count'), [`${now.length} of ${order.length} dimensions`, dead && `${dead} of all do nothing`].filter(Boolean).join(', '))
  }
  function show(row) {
    if (!state) return
    const { start, sigma, moves } = state, at = row.dimension, moved = moves.has(at)
    row.set(moves.get(at) ?? start[at], { start: start[at], sigma: sigma ? sigma[at] : null, moved })
  }
  part('more').onclick = () => {
    const before = host.children.length
    shown += TOGETHER
    draw()
    host.children[before]?.querySelector('input')?.focus()
  }
  part('find').oninput = () => { if (facts) draw() }

  return {
    open(next, by) {
      for (const row of rows.values()) sight.unobserve(row.node)
      rows.clear()
      facts = next
      shown = TOGETHER
      extra = new Set()
      state = null
      part('find').value = ''
      this.order(by)
    },
    // The dimensions in another order; the same rows.
    order(by) {
      order = by === 'index' ? facts.names.map((_, dimension) => dimension) : facts.order
      draw()
    },
    // Where everything stands; a moved dimension is always listed.
    show(next) {
      state = next
      const hidden = [...next.moves.keys()].filter(dimension => !rows.has(dimension) || !rows.get(dimension).node.isConnected)
      hidden.forEach(dimension => extra.add(dimension))
      if (hidden.length) return draw()
      for (const { dimension } of this.rows) show(rows.get(dimension))
    },
    // The one row that a hand moves.
    showOne(dimension, next) { state = next; show(rowOf(dimension)) },
    // The image of the latent, in the frame of every thumb.
    drawFaces(image) { for (const row of this.rows) if (row.inSight) row.drawFace(image) },
    get rows() { return [...host.children].map(node => rows.get(node.dataset.dimension - 1)) },
    close() { sight.disconnect() },
  }
}
