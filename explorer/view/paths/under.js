// What lies under the pointer on the map, decoded: a small image that goes with it.
import { element, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { className } from '../js/words.js'

// `view()` is { model, dataset, count, projection, label } with the `points` of the map; what is under the pointer is asked of
// `channel`.
export function createUnder(channel, view) {
  const tip = element('div', 'lx-tip lx-lens'), canvas = Object.assign(element('canvas', 'lx-pixels'), { width: 28, height: 28 })
  const words = element('span')
  canvas.dataset.testid = 'under'
  tip.hidden = true
  tip.append(canvas, words)
  let wanted = null

  return {
    tip,
    // `target` is what `createMinimap` tells of the pointer, null when it has left.
    point(target) {
      wanted = target
      if (!target) { tip.hidden = true; return }
      const { model, dataset, count, projection, label, points } = view()
      const what = target.place ? { kind: 'place', xy: [target.place] } : { kind: 'image', row: target.row }
      channel.ask({ ...what, model, dataset, count, projection, label }, ({ n, height, width, channels, pixels }) => {
        if (!wanted || !n) { tip.hidden = true; return }
        paint(canvas, pixels, height, width, channels)
        canvas.dataset.at = target.place ? target.place.join(',') : `row:${target.row}`
        say(words, target.place ? 'decoded' : className(points.about, target.label))
        tip.hidden = false
      })
    },
  }
}
