// One sampler: what it draws from, its images, and what can be said of them.
import { at, jobUrl } from '../js/address.js'
import { parseHead } from '../js/binary.js'
import { element, say } from '../js/dom.js'
import { createGallery } from '../js/gallery.js'
import { latest } from '../js/latest.js'
import { classColour } from '../js/theme.js'
import { ready } from '../js/waiting.js'

// The answer of the route `samples` as its parts.
export function parseSamples(buffer) {
  const { n, said, at: start } = parseHead(buffer), size = n * said.shape.reduce((product, side) => product * side, 1)
  const pixels = new Uint8Array(buffer, start, size), z = new Float32Array(buffer, start + size + (4 - size % 4) % 4)
  return { ...said, n, pixels, latent: index => z.subarray(index * said.dimensions, (index + 1) * said.dimensions) }
}

export function addressOf(sampler, { model, dataset, count, n, seed, temperature, components, label }, file = '') {
  const query = new URLSearchParams({ count, n, seed, temperature, components, ...(label === null ? {} : { label }) })
  return at(`samples/${encodeURIComponent(model)}/${encodeURIComponent(dataset)}/${sampler}${file}?${query}`)
}

// `onPick(index)` hears which sample was chosen; `onDrawn()` that new images are shown, or that there are none.
export function createDrawn(root, sampler, { onPick, onDrawn }) {
  const title = element('h3'), words = element('p', 'lx-words'), host = element('div'), bar = element('progress')
  const facts = element('div', 'lx-facts'), reads = element('div', 'lx-reads'), files = element('div', 'lx-files')
  const note = element('p', 'lx-note')
  Object.assign(bar, { max: 1, hidden: true, ariaLabel: 'How far the fit is' })
  reads.role = 'img'
  root.append(title, words, bar, host, facts, reads, note, files)
  const gallery = createGallery(host, { label: root.ariaLabel, onPick })
  let answer = null, asked = '', closed = false

  const queue = latest(async ({ address, settings }, current) => {
    try {
      const got = await ready(address, jobUrl, { onWait: waiting, cancelled: () => closed || asked !== address })
      if (!got) return
      answer = parseSamples(await got.arrayBuffer())
      show(settings)
      if (current()) delete root.dataset.stale
      onDrawn()
    } catch (error) {
      answer = null
      empty(settings.titles[sampler], error.message)
    } finally {
      bar.hidden = true
    }
  })
  function waiting(job) {
    bar.hidden = false
    bar.value = job.share
    say(words, `Fitting the density to the encodings, once: ${job.doing || 'waiting its turn'}…`)
  }
  // A sampler that cannot draw says why, in the place of its images.
  function empty(name, why) {
    delete root.dataset.stale
    say(title, name)
    say(words, why)
    for (const box of [host, facts, reads, files]) box.hidden = true
    say(note, '')
    asked = ''
    onDrawn()
  }
  function show(settings) {
    for (const box of [host, facts, reads, files]) box.hidden = false
    const { n, shape, pixels } = answer
    say(title, answer.title)
    say(words, answer.words)
    gallery.show({ n, shape, pixels, columns: Math.ceil(Math.sqrt(n)), names: Array.from({ length: n }, (_, i) => nameOf(i)) })
    showFacts(settings)
    const address = file => addressOf(sampler, settings, file)
    files.replaceChildren(
      link('PNG', address('/samples.png'), 'The images as one picture'),
      link('CSV', address('/samples.csv'), answer.codes ? 'The codes of each sample, with what is read in it' : 'The latent of each sample, with what is read in it'),
    )
  }
  function nameOf(i) {
    const { classes } = answer, told = answer.told ? `, told ${classes[answer.told[i]]}` : ''
    const looks = answer.reads ? `, looks like ${classes[answer.reads[i]]}, ${Math.round(100 * answer.sure[i])} % sure` : ''
    return `Sample ${i + 1}${told}${looks}`
  }
  function showFacts({ seed }) {
    const { classes } = answer
    const percent = share => `${Math.round(100 * share)} %`
    const fact = (value, about, help) => {
      const box = element('div')
      box.title = help
      box.append(element('b', '', value), element('span', '', about))
      return box
    }
    facts.replaceChildren(...[
      answer.confident === null ? null : fact(percent(answer.confident), 'read with confidence > 0.9',
        'The share of samples that our classifier, which has learned from real images, is more than 90 % sure of.'),
      fact(percent(answer.among.filter(Boolean).length / answer.n), 'lie where encodings do',
        'The share of latents around which at least 5 encodings (a draw of the posterior of each image) lie as near as they do ' +
        'around 98 % of each other.'),
    ].filter(Boolean))
    const read = answer.confident !== null, most = Math.max(1, ...answer.counts)
    reads.hidden = !read
    reads.style.setProperty('--columns', classes.length)
    const bars = answer.counts.map((count, label) => {
      const box = element('div'), column = element('i')
      column.style.setProperty('--share', count / most)
      column.style.setProperty('--colour', classColour(label))
      box.title = `${classes[label]}: ${count} of ${answer.n}`
      box.append(element('span', '', String(count)), column, element('span', 'lx-read-name', classes[label]))
      return box
    })
    reads.replaceChildren(...(read ? bars : []))
    reads.ariaLabel = `Read as: ${answer.counts.map((count, label) => `${classes[label]} ${count}`).join(', ')}`
    const about = `${answer.n} sample${answer.n > 1 ? 's' : ''}, seed ${seed}`
    say(note, read ? `What our classifier reads in ${about}.` : `No classifier of ours knows such images; ${about}.`)
  }
  const link = (name, href, help) => Object.assign(element('a', 'lx-button', name), { href, title: help, download: '' })

  return {
    ask(settings) {
      const address = addressOf(sampler, settings)
      if (address === asked) return
      asked = address
      root.dataset.stale = ''
      queue.ask({ address, settings })
    },
    get idle() { return !('stale' in root.dataset) },
    choose: index => gallery.choose(index),
    // A sample with all that is known of it, null while it is not here.
    sample(index) {
      if (!answer || index >= answer.n) return null
      const of = name => answer[name]?.[index] ?? null
      return {
        index, classes: answer.classes, pixels: gallery.pixelsOf(index), shape: answer.shape, z: Array.from(answer.latent(index)), told: of('told'),
        reads: of('reads'), sure: of('sure'), codes: of('codes'), written: of('written'), nearest: of('nearest'), distance: of('distance'), own: of('own'), among: of('among'),
      }
    },
    close() { closed = true; queue.close(); gallery.close() },
  }
}
