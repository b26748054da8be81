// The small things around the view: the tools in its corner, the picture beside the pointer, the words on what is in sight.
import { partsOf, say } from '../js/dom.js'
import { ZOOM } from './keys.js'

export function createTools(root, { zoom, reset, retry }) {
  const part = partsOf(root)
  let mode = null
  const press = next => {
    mode = next
    for (const name of ['box', 'lasso']) part(name).setAttribute('aria-pressed', name === mode)
    root.dataset.mode = mode ?? ''
  }
  for (const name of ['box', 'lasso']) part(name).onclick = () => { press(mode === name ? null : name); part('map').focus() }
  part('zoom-in').onclick = () => zoom(ZOOM)
  part('zoom-out').onclick = () => zoom(1 / ZOOM)
  part('reset').onclick = reset
  part('retry').onclick = retry
  return {
    // 'box' or 'lasso' while a group is being drawn, otherwise null.
    get mode() { return mode },
    release() { press(null) },
  }
}

// The image of the point under the pointer, beside it.
const TIP_GAP = 14
export function createTip(box) {
  const [canvas, words] = box.children
  return {
    hide() { box.hidden = true },
    // `at` are pixels from the stage's corner.
    at(at, stage, points, i, images) {
      // On the side with more room, so that it is never cut.
      const sizes = [stage.clientWidth, stage.clientHeight]
      const shift = at.map((value, k) => (value < sizes[k] / 2 ? `${value + TIP_GAP}px` : `calc(${value - TIP_GAP}px - 100%)`))
      box.hidden = false
      box.style.transform = `translate(${shift})`
      images.paint(canvas, points.row[i])
      say(words, points.about.classes[points.label[i]])
    },
  }
}

// Which images of the data set, whose name may be told, have a point.
const count = value => value.toLocaleString('en')
export function imagesWords({ n, about }, dataset) {
  const random = about.sample === 'random', images = dataset ? `images of ${dataset}` : 'images'
  if (n === about.total) return `All ${count(n)} ${images}`
  return `${random ? '' : 'First '}${count(n)} of ${count(about.total)} ${images}${random ? ' (a seeded sample)' : ''}`
}

// No hidden cap: what is not drawn is said.
export function viewWords(points, figure) {
  return [points.n < points.about.total ? imagesWords(points) : '', ...undrawnWords(points, figure)].filter(Boolean).join(' · ')
}

export function undrawnWords({ n }, figure) {
  const beyond = figure.beyond()
  return [
    figure.drawn < n ? `${count(figure.drawn)} of them drawn: this browser has no WebGL` : '',
    beyond ? `${count(beyond)} of ${count(n)} points lie beyond this view` : '',
  ].filter(Boolean)
}

// Two figures, and on demand what they mean and how they were measured.
export function describeQuality(box, { trustworthiness, continuity, sentence }) {
  box.textContent = `Trustworthiness ${trustworthiness.toFixed(2)} · continuity ${continuity.toFixed(2)}`
  box.title = 'Of 1: how many neighbours on the map are neighbours in latent space (trustworthiness), and the other way round ' +
    `(continuity). Measured: ${sentence}.`
}
