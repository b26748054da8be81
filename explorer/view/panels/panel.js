// One panel: a model's map, with where the image lands, and what the model makes of it.
import { at } from '../js/address.js'
import { element, mark, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { createMinimap } from '../js/minimap.js'
import { trustWords } from '../js/words.js'
import { ellipse, errorWords, isTurned, rateWords, shareOf, turnReason, turnWords } from './said.js'

const VIEW = ['model', 'dataset', 'count', 'projection', 'together']
const ELLIPSES = [2, 1]           // standard deviations, the larger below

// On a small map points lie so close that a place between them could hardly be meant.
const SNAP = [3, 9]

// How the map of a view lies on that of another: { matrix, shift, residual, shared }; null where one of them is not there.
async function fetchTurn(view, onto) {
  const path = ['model', 'dataset', 'projection'].map(key => encodeURIComponent(view[key])).join('/')
  const query = new URLSearchParams({ count: view.count, onto: `${onto.model}/${onto.dataset}/${onto.projection}`, onto_count: onto.count })
  const answer = await fetch(at(`alignment/${path}?${query}`))
  return answer.ok ? answer.json() : null
}

// `onPoint(next)` and `onPick(next)` get what createMinimap gives, `onStroke(places)` a line around images, `onRemove()` the x.
export function createPanel({ onPoint, onPick, onStroke, onRemove, onReady }) {
  const item = element('li', 'lx-panel'), head = element('div', 'lx-panel-head'), title = element('h4'), words = element('p')
  const remove = Object.assign(element('button', '', '×'), { type: 'button' })
  const host = element('div'), said = element('div', 'lx-panel-said'), list = element('dl'), note = element('p', 'lx-note lx-panel-note')
  const canvas = Object.assign(element('canvas', 'lx-pixels'), { width: 28, height: 28 })
  canvas.dataset.testid = 'passed'
  canvas.setAttribute('role', 'img')
  const row = (name, help) => {
    const term = element('dt', '', name), value = element('dd', '', '\u00a0')
    term.title = help
    list.append(term, value)
    return value
  }
  const bar = of => { const made = element('dd', 'lx-panel-bar'); made.dataset.of = of; made.ariaHidden = 'true'; list.append(made); return made }
  const error = row('Error', 'Mean squared error of a pixel, and the reconstruction term in nats'), errorBar = bar('error')
  const rate = row('Rate', 'KL from the posterior of this image to the prior, in nats'), rateBar = bar('rate')
  const trust = row('Trust', 'Where the image lies among those that the model has learned')
  head.append(title, remove, words)
  said.append(canvas, list)
  item.append(head, host, said, note)
  remove.onclick = onRemove

  let view = null, map = null, points = null, opened = 0, last = null, turned = null
  function draw() {
    if (!map || !last) return
    map.dot('here', last.place, 'moving')
    for (const times of ELLIPSES) {
      if (last.sigma) map.region(`sigma-${times}`, ellipse(last.place, last.sigma, times), 'lx-ellipse')
      else map.clear(`sigma-${times}`)
    }
  }
  async function open(lead, aligned) {
    const mine = ++opened, here = () => mine === opened
    map?.close()
    map = points = turned = null
    const leads = aligned === 'procrustes' && view.model === lead.view.model
    if (aligned === 'procrustes' && !leads) {
      // What was not made yet is made first: nothing can be turned before.
      if (!view.made) await mount(null, here)
      if (!lead.view.made) await lead.points()
      if (here()) turned = await fetchTurn(view, lead.view)
      if (!here()) return
    }
    const usable = isTurned(turned) ? turned : null
    const together = view.together ? 'Laid out together with the others' : ''
    say(note, turned ? turnWords(turned) : leads ? 'The other maps are turned onto this one' : together)
    note.title = turned ? turnReason(turned, lead.view.title) : ''
    mark(item, 'turn', usable ? JSON.stringify(usable.matrix.flat().concat(usable.shift)) : '')
    const found = await mount(usable, here)
    if (found && here()) { points = found; view.made = true; onReady(panel) }
  }
  function mount(turn, here) {
    if (!here()) return null
    map?.close()
    map = createMinimap(host, {
      view, turn, light: true, lasso: true, snap: SNAP, label: `Map of ${view.title}`, onPick, onStroke, onPoint: next => here() && onPoint(next),
    })
    draw()
    return map.ready
  }

  const panel = {
    item,
    get view() { return view },
    get said() { return last },
    get canvas() { return canvas },
    get loaded() { return points },
    get turned() { return turned },
    points: () => map.ready,
    // Shows a model's map, laid on that of `lead`; the same again changes nothing.
    show(next, lead, aligned, anew) {
      const same = view && !anew && VIEW.every(key => next[key] === view[key])
      view = same ? { ...next, made: view.made || next.made } : next
      say(title, view.title)
      title.title = view.model
      say(words, view.words)
      remove.title = remove.ariaLabel = `Take ${view.title} away`
      mark(item, 'model', view.model)
      item.ariaLabel = view.title
      if (!same) { last = null; open(lead, aligned) }
    },
    removable(can) { remove.hidden = !can },
    home(is) { mark(item, 'home', String(is)) },
    // What the model makes of the image: `all` are the answers of all panels, for the bars.
    tell(next, pixels, shape, all) {
      last = next
      paint(canvas, pixels, ...shape)
      say(error, errorWords(next))
      say(rate, rateWords(next))
      errorBar.style.setProperty('--share', shareOf(next.mse, all.map(one => one.mse)).toFixed(3))
      rateBar.style.setProperty('--share', shareOf(next.rate, all.map(one => one.rate)).toFixed(3))
      const [sign, name] = trustWords(next.trust)
      say(trust, `${sign} ${name}`)
      trust.title = next.why
      canvas.ariaLabel = `Reconstruction by ${view.title}`
      mark(item, 'place', next.place.join(','))
      mark(item, 'mse', String(next.mse))
      mark(item, 'rate', String(next.rate))
      mark(item, 'trust', next.trust)
      draw()
    },
    // The images (rows) that are lit; null for all.
    light(rows) {
      if (!points) return 0
      const positions = rows && rows.map(points.indexOf).filter(i => i >= 0)
      map.select(positions)
      mark(item, 'lit', positions ? String(positions.length) : '')
      return positions?.length ?? 0
    },
    outline(corners) {
      if (!map) return
      if (corners) map.region('lit', corners, 'lx-stroke')
      else map.clear('lit')
    },
    drawing: family => map?.drawing(family),
    close() { opened++; map?.close(); item.remove() },
  }
  return panel
}
