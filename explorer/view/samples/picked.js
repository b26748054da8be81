// One sample, large: its latent, the nearest real image, where it lies on the map, and ways on from it.
import { at } from '../js/address.js'
import { createCard } from '../js/card.js'
import { element, say } from '../js/dom.js'
import { openImages } from '../js/images.js'
import { showCodes, showLatent } from '../js/latents.js'
import { createMinimap } from '../js/minimap.js'
import { pageUrl } from '../js/pages.js'
import { number, rowName } from '../js/words.js'

// Root of the mean squared difference of two images, in [0, 1].
export function difference(one, other) {
  let sum = 0
  for (let i = 0; i < one.length; i++) sum += ((one[i] - other[i]) / 255) ** 2
  return Math.sqrt(sum / one.length)
}

// Where its latent can be taken in the hand: a link's words, what it does, and its address.
const told = one => (one.told === null ? {} : { label: one.told })
const WAYS = {
  walk: ['Walk from here', 'Open this latent on the page Dimensions, to turn its numbers one by one', (where, one) => pageUrl('dimensions', where, {
    start: 'mean', moved: one.z.map((value, i) => `${i + 1}:${+value.toFixed(3)}`).join(','), ...told(one),
  })],
  paint: ['Paint on it', 'Open its codes on the task Paint with codes, to swap them one by one',
    (where, one) => pageUrl('generate', where, { task: 'codes', codes: one.written })],
}

// `channel` answers where a sample stands.
export function createPicked(root, channel) {
  const sample = createCard('generated', 'Generated'), real = createCard('nearest', 'Nearest original')
  const name = element('h4'), pair = element('div', 'lx-pair'), latent = element('div', 'lx-latent')
  const copy = element('p', '', '\u00a0'), trust = element('p', '', '\u00a0'), place = element('div'), ways = element('div', 'lx-files')
  const hint = element('p', 'lx-note', 'Choose a sample (click, or arrows and Enter) to see it large: its latent, the nearest real image, its place on the map.')
  const walk = element('a', 'lx-button')
  const onMap = Object.assign(element('a', 'lx-button', 'Open on the map'), { title: 'Open the map at this latent' })
  const body = Object.assign(element('div', 'lx-picked-body'), { hidden: true })
  sample.canvas.dataset.testid = 'picked'
  real.canvas.dataset.testid = 'nearest'
  pair.append(sample.figure, real.figure)
  ways.append(walk, onMap)
  body.append(name, pair, copy, latent, trust, ways, place)
  root.append(hint, body)
  let where = null, current = null, map = null, about = null, images = null

  // The small map comes with the first sample that is chosen; its points say what the images of the data set are.
  function openMap() {
    map = createMinimap(place, { view: where, label: 'Map with the chosen sample' })
    const mine = map
    map.ready.then(points => {
      if (!points || mine !== map) return
      about = points.about
      images = openImages(at, where.dataset, about)
      if (current) { nearest(current); dot() }
    })
  }
  function closeMap() {
    map?.close()
    map = about = null
  }
  function dot() {
    if (!map || !current?.place) return
    map.dot('sample', current.place, 'moving')
    map.reveal([current.place])
  }

  function fill(one) {
    const looks = one.reads === null ? 'generated image' : `looks like ${one.classes[one.reads]}, ${Math.round(100 * one.sure)} % sure`
    sample.show(one.pixels, one.shape, (one.told === null ? '' : `told ${one.classes[one.told]}, `) + looks)
    sample.canvas.dataset.z = one.z.slice(0, 8).map(value => value.toFixed(3)).join(',')
    say(name, one.name)
    if (one.codes) showCodes(latent, one.codes)
    else showLatent(latent, one.z)
    const [words, does, url] = one.codes ? WAYS.paint : WAYS.walk
    say(walk, words)
    walk.title = does
    walk.href = url(where, one)
    onMap.hidden = one.z.length !== 2
    if (!onMap.hidden) onMap.href = pageUrl('', where, { place: one.z.map(value => value.toFixed(4)).join(','), ...told(one) })
    say(copy, `Nearest real image: ${number(one.distance)} away in latent space; the next real one is ${number(one.own)} from that.`)
    nearest(one)
  }
  // Is it a copy? In latents and in pixels.
  function nearest(one) {
    if (!about) return
    const words = rowName(about, one.nearest), compare = () => {
      if (current !== one) return
      const apart = difference(one.pixels, images.pixels(one.nearest))
      say(copy, `Is it a copy? In latent space it is ${number(one.distance)} from the nearest real image, which is ${number(one.own)} from ` +
        `the next real one. Their pixels differ by ${number(apart)} (root mean square; a copy would differ by 0).`)
    }
    images.paint(real.canvas, one.nearest)
    real.say(words)
    if (images.pixels(one.nearest, compare)) compare()
  }
  // Where it lies: among the encodings, and on the map.
  function locate(one) {
    const labels = one.told === null ? {} : { labels: [one.told] }, { model, dataset, count, projection } = where
    const lies = one.among ? '● It lies where encodings do: the decoder has learned what belongs here.'
      : '○ It lies where encodings do not: the decoder was never taught what belongs here.'
    say(trust, lies)
    channel.ask({ kind: 'latent', model, dataset, count, projection, z: [one.z], ...labels }, ({ said }) => {
      if (current !== one) return
      say(trust, said.error ?? `${lies}${said.exact ? '' : ' On the map it is placed among its nearest latents.'}`)
      one.place = said.place
      dot()
    })
  }

  return {
    // Another model or other images: what was known of the map is not theirs.
    open(shown) { where = shown; closeMap() },
    show(one, shown) {
      where = shown
      if (one && current && one.pixels.buffer === current.pixels.buffer && one.index === current.index) return
      current = one
      hint.hidden = Boolean(one)
      body.hidden = !one
      if (!one) return
      if (!map) openMap()
      fill(one)
      locate(one)
    },
    close: closeMap,
  }
}
