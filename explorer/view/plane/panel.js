// The words and pictures around the map: original, decoded image, trust, neighbours, latent.
import { mark, partsOf, say } from '../js/dom.js'
import { showCodes, showLatent } from '../js/latents.js'
import { createNearest } from '../js/nearest.js'
import { className, number, rowName, trustWords } from '../js/words.js'

// Faults of what a person gave, by their source.
const GIVEN = ['own', 'row']

// An image that takes longer than this is not the one that is pointed at: it steps back until it is.
const SLOW_MS = 200

export function createPanel(root, { onPick }) {
  const part = partsOf(root), neighbours = createNearest(part('neighbours'), onPick)
  let about = null, images = null
  const faults = new Map()
  let slow = 0

  const panel = {
    open(nextAbout, nextImages) { about = nextAbout; images = nextImages; neighbours.open(about, images) },

    // The left picture is always a real image: the point's own, or the nearest one on the map.
    original(row, label, exact, someHidden) {
      images.paint(part('original'), row)
      const name = className(about, label)
      if (part('original').ariaLabel !== name) { part('original').ariaLabel = name; part('original').title = '' }
      mark(part('original-card'), 'kind', exact ? 'original' : 'nearest')
      say(part('original-title'), exact ? 'Original' : someHidden ? 'Nearest shown' : 'Nearest original')
      say(part('original-caption'), name)
      say(part('original-row'), rowName(about, row))
      mark(root, 'on', exact ? 'point' : 'place')
    },

    // A picture of one's own, as the model sees it.
    own(pixels, words) {
      images.put(part('original'), pixels)
      part('original').ariaLabel = `Your picture, as the model sees it. ${words}`
      part('original').title = words
      mark(part('original-card'), 'kind', 'original')
      say(part('original-title'), 'Original')
      say(part('original-caption'), 'your picture')
      say(part('original-row'), 'as the model sees it')
      mark(root, 'on', 'point')
    },

    // Title and tone change with the pixels that they speak of.
    decoded(said) {
      clearTimeout(slow)
      if ('slow' in root.dataset) part('status').textContent = 'Measuring how far to trust this model: only the first time…'
      delete root.dataset.slow
      const canvas = part('decoded'), drawnAs = said.as === undefined ? null : about.classes[said.as]
      // Told another class than the image's own, a conditional model draws something new in its style.
      const exact = (said.row !== undefined || said.own) && (said.as === undefined || said.as === said.label)
      canvas.dataset.z = said.z.map(value => value.toFixed(3)).join(',')
      canvas.dataset.source = said.source
      mark(part('decoded-card'), 'kind', exact ? 'reconstruction' : 'generated')
      say(part('decoded-title'), exact ? 'Reconstruction' : 'Generated')
      const place = said.place.map(value => number(value)).join(', ')
      const where = about.raw ? `z = (${place})` : drawnAs === null ? `map position (${place})` : `map (${place})`
      say(part('decoded-caption'), (drawnAs === null ? '' : `as ${drawnAs}, `) + where)
      if (said.trust) panel.detail(said)
    },

    // Until the answer with details comes, the words below belong to the place before.
    waiting() {
      mark(root, 'stale', '')
      clearTimeout(slow)
      slow = setTimeout(() => { root.dataset.slow = ''; part('status').textContent = 'Decoding…' }, SLOW_MS)
    },

    detail(said) {
      delete root.dataset.stale
      part('trust').dataset.trust = said.trust
      part('trust').textContent = trustWords(said.trust).join(' ')
      part('why').textContent = said.why
      part('measures').textContent = [
        said.mse === undefined ? null : `Squared error ${said.mse.toPrecision(2)} per pixel${about.variational ? ', from the posterior mean' : ''}.`,
        `Round trip |E(D(z)) − z| = ${said.round_trip < 0.001 ? 'under 0.001' : said.round_trip.toPrecision(2)}.`,
        said.mixed ? `Mixed from ${said.mixed.rows.length} neighbours on the map, whose latents differ by ` +
          `${number(100 * said.mixed.spread, 0)} % of the overall spread.` : null,
      ].filter(Boolean).join(' ')
      part('neighbours-title').textContent = `Nearest images, by ${said.metric === 'cosine' ? 'angle between latents' : 'latent distance'}`
      neighbours.show(said.neighbours)
      part('status').textContent = status(said)
      if (said.codes) showCodes(part('latent'), said.codes)
      else showLatent(part('latent'), said.latent, said.sigma)
    },

    // Each source of faults has its own sentence, so that what one mends does not hide the others.
    fault(sentence, source = 'map') {
      if (sentence) faults.set(source, sentence)
      else faults.delete(source)
      say(part('fault-text'), [...faults.values()].join(' '))
      if (part('fault').hidden !== !faults.size) part('fault').hidden = !faults.size
      // Nothing to try again where what was given is not usable.
      part('retry').hidden = ![...faults.keys()].some(one => !GIVEN.includes(one))
    },
    clear() { faults.clear(); panel.fault('') },
  }

  // What is at the pointer, in words, for those who do not see it.
  function status(said) {
    const nearest = said.neighbours[0]
    return [
      looks(said), trustWords(said.trust)[1],
      nearest && `nearest ${said.row === undefined ? '' : 'other '}real image ${said.metric === 'cosine' ? `at a cosine distance of ${number(nearest.distance)}` : `${number(nearest.distance)} away`} (${rowName(about, nearest.row)})`,
    ].filter(Boolean).join(', ') + '.'
  }

  // Where no classifier knows such images, the nearest real one says what it is like.
  function looks({ reads, sure, neighbours: [nearest] }) {
    if (reads !== undefined) return `Looks like ${className(about, reads)}${sure < 0.9 ? ` (${Math.round(100 * sure)} % sure)` : ''}`
    return nearest ? `Most like ${className(about, nearest.label)}` : 'Decoded'
  }
  return panel
}
