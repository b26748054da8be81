// One sample, large: its latent, the nearest real image, where it lies, and ways on from it.
import { at, jobUrl } from '../js/address.js'
import { element, say } from '../js/dom.js'
import { openImages, paint } from '../js/images.js'
import { TRUST, showCodes, showLatent } from '../js/latents.js'
import { parsePoints } from '../js/points.js'
import { pageUrl } from '../js/telling.js'
import { ready } from '../js/waiting.js'
import { className, number, rowName } from '../js/words.js'

// Root of the mean squared difference of two images, in [0, 1].
export function difference(one, other) {
  let sum = 0
  for (let i = 0; i < one.length; i++) sum += ((one[i] - other[i]) / 255) ** 2
  return Math.sqrt(sum / one.length)
}

export function createPicked(root, channel) {
  const card = (kind, title) => {
    const figure = element('figure', 'lx-card'), canvas = element('canvas', 'lx-pixels'), caption = element('div', 'lx-caption')
    figure.dataset.kind = kind
    canvas.role = 'img'
    figure.append(element('figcaption', 'lx-title', title), canvas, caption)
    return { figure, canvas, caption }
  }
  const name = element('h4'), pair = element('div', 'lx-pair')
  const sample = card('generated', 'Generated'), real = card('nearest', 'Nearest original')
  const copy = element('p', 'lx-copy-words'), latent = element('div', 'lx-latent'), trust = element('p')
  const ways = element('div', 'lx-files'), hint = element('p', 'lx-note', 'Choose a sample to see it large, with its latent and the nearest real image.')
  const walk = Object.assign(element('a', 'lx-button', 'Walk from here'), { title: 'Open this latent on the page Dimensions, to turn its numbers one by one' })
  const onMap = Object.assign(element('a', 'lx-button', 'Open on the map'), { title: 'Open the map at this latent' })
  pair.append(sample.figure, real.figure)
  ways.append(walk, onMap)
  sample.canvas.dataset.testid = 'picked'
  const body = element('div', 'lx-picked-body')
  body.append(name, pair, copy, latent, trust, ways)
  root.append(hint, body)
  body.hidden = true
  let about = null, images = null, current = null, where = null, generation = 0

  // The images of the data set, by the header of the points of its map.
  async function open(shown) {
    const mine = ++generation
    where = shown
    const names = [shown.model, shown.dataset, shown.projection].map(encodeURIComponent).join('/')
    try {
      const answer = await ready(at(`points/${names}?count=${shown.count}`), jobUrl, { cancelled: () => mine !== generation })
      if (!answer) return
      const points = parsePoints(await answer.arrayBuffer())
      if (mine !== generation) return
      if (images?.dataset !== shown.dataset) images = openImages(at, shown.dataset, points.about)
      about = points.about
      if (current) fill(current)
    } catch (error) { say(hint, error.message) }
  }

  function fill(one) {
    const [height, width, channels] = one.shape
    paint(sample.canvas, one.pixels, height, width, channels)
    sample.canvas.dataset.z = one.z.slice(0, 8).map(value => value.toFixed(3)).join(',')
    say(name, one.name)
    const { classes } = one, reads = one.reads === null ? 'Generated image' : `Looks like ${classes[one.reads]}, ${Math.round(100 * one.sure)} % sure`
    say(sample.caption, (one.told === null ? '' : `told ${classes[one.told]}; `) + reads)
    sample.canvas.ariaLabel = sample.caption.textContent
    if (one.codes) showCodes(latent, one.codes)
    else showLatent(latent, one.z)
    walk.hidden = Boolean(one.codes)
    walk.href = walkUrl(one)
    onMap.hidden = one.z.length !== 2
    if (!onMap.hidden) onMap.href = pageUrl('', where, { place: one.z.map(value => value.toFixed(4)).join(','), ...told(one) })
    if (!about) return
    images.paint(real.canvas, one.nearest)
    real.canvas.ariaLabel = rowName(about, one.nearest)
    say(real.caption, rowName(about, one.nearest))
    const compare = () => { if (current === one) say(copy, copyWords(one, images.pixels(one.nearest))) }
    if (images.pixels(one.nearest, compare)) compare()
  }
  // Is it a copy? In latents and in pixels.
  function copyWords(one, pixels) {
    const apart = difference(one.pixels, pixels)
    return `Is it a copy? In latent space ${number(one.distance)} from the nearest real image, which is ${number(one.own)} from the ` +
      `next real one. Their pixels differ by ${number(apart)} (root mean square; a copy would differ by 0).`
  }
  const told = one => (one.told === null ? {} : { label: one.told })
  const walkUrl = one => pageUrl('dimensions', where, {
    start: 'mean', moved: one.z.map((value, i) => `${i + 1}:${+value.toFixed(3)}`).join(','), ...told(one),
  })
  // How far to trust it, and where it lies on the map.
  function judge(one) {
    const labels = one.told === null ? {} : { labels: [one.told] }
    const { model, dataset, count, projection } = where
    channel.ask({ kind: 'latent', model, dataset, count, projection, detail: true, z: [one.z], ...labels }, ({ said }) => {
      if (current !== one) return
      say(trust, said.error ?? `${TRUST[said.trust].join(' ')}. ${said.why}`)
    })
  }

  return {
    open,
    show(one, shown) {
      where = shown
      if (one && current && one.pixels === current.pixels && one.index === current.index) return
      current = one
      hint.hidden = Boolean(one)
      body.hidden = !one
      if (!one) return
      say(trust, '')
      say(copy, '')
      fill(one)
      judge(one)
    },
    close() { generation++ },
  }
}
