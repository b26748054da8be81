// The image under the pointer, large: its latent, how far to trust it, the nearest real image.
import { at } from '../js/address.js'
import { createCard } from '../js/card.js'
import { element, say } from '../js/dom.js'
import { openImages } from '../js/images.js'
import { pageUrl } from '../js/pages.js'
import { className, number, rowName, trustWords } from '../js/words.js'

export function createBeside(root) {
  const card = createCard('generated', 'Generated'), trust = element('p', '', '\u00a0'), near = element('div', 'lx-near')
  const canvas = element('canvas', 'lx-pixels'), words = element('span'), frameWords = element('p', 'lx-note'), ways = element('div', 'lx-files')
  const link = (name, help) => Object.assign(element('a', 'lx-button', name), { title: help })
  const walk = link('Walk from here', 'Open this latent on the page Dimensions'), onMap = link('Open on the map', 'Open the map at this latent')
  card.canvas.dataset.testid = 'decoded'
  canvas.setAttribute('role', 'img')
  trust.setAttribute('role', 'status')
  near.append(canvas, words)
  ways.append(walk, onMap)
  root.append(card.figure, trust, near, ways, frameWords)
  let images = null, about = null, where = null

  return {
    // `frame` is the answer of the route `manifold`.
    open(shown, frame) {
      where = shown
      about = frame
      if (images?.dataset !== shown.dataset) images = openImages(at, shown.dataset, frame)
      say(frameWords, `The picture is laid out by ${frame.words}.`)
    },
    // The answer of the channel for a latent.
    show(z, { n, height, width, channels, pixels, said }) {
      if (!n) { say(trust, said.error ?? ''); return }
      const drawnAs = said.as === undefined ? '' : `as ${about.classes[said.as]}, `
      card.show(pixels.subarray(0, height * width * channels), [height, width, channels], `${drawnAs}z = (${z.map(value => number(value, 2)).join(', ')})`)
      card.canvas.dataset.z = said.z.map(value => value.toFixed(3)).join(',')
      if (!said.trust) return
      const looks = said.reads === undefined ? '' : `Looks like ${className(about, said.reads)}, ${Math.round(100 * said.sure)} % sure. `
      say(trust, `${looks}${trustWords(said.trust).join(' ')}: ${said.why}`)
      const [{ row, distance }] = said.neighbours, name = rowName(about, row)
      images.paint(canvas, row)
      canvas.ariaLabel = `Nearest real image: ${name}`
      say(words, `Nearest real image: ${name}, ${number(distance)} away`)
      const label = said.as === undefined ? {} : { label: said.as }, [x, y] = z.map(value => +value.toFixed(4))
      walk.href = pageUrl('dimensions', where, { start: `place:${x},${y}`, ...label })
      onMap.href = pageUrl('', where, { place: `${x},${y}`, ...label })
    },
  }
}
