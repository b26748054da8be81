// Errors: where an image stands among those of the data set, and which of them the model draws worst.
import { at, jobUrl } from '../js/address.js'
import { offerAnother } from '../js/another.js'
import { parseHead } from '../js/binary.js'
import { element, mark, partsOf, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { drawPlot } from '../js/plot.js'
import { createSegments } from '../js/segments.js'
import { createSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { ready, timeLeft } from '../js/waiting.js'

const MARGIN = 1.05               // by this factor the axis is longer than the bars
const OWNED = ['altered', 'rank', 'rank_page', 'rank_class']
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-errors')
  if (!mounted.has(root)) mounted.set(root, createErrors(root, data, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createErrors(root, { ways }, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const state = { altered: '', rank: 'worst', rank_page: 0, rank_class: '' }
  const subject = createSubject(part('subject'), { onCommit: picture => told.tell(picture), onFault: fault }, life.signal)
  offerAnother(subject, () => view.total, row => told.tell({ row }))
  const look = watchLook(root, part('histogram'), {}, life.signal)
  part('altered').replaceChildren(...Object.entries(ways).map(([way, title]) => {
    const button = element('button', '', title)
    button.dataset.value = way
    const strange = `The same image, and a thousand of the data set, ${title.toLowerCase()}: nothing like it was trained on`
    button.title = way ? strange : 'The data set alone'
    return button
  }))
  const segments = createSegments(part('altered'), altered => set({ altered }))
  const order = createSegments(part('rank'), rank => set({ rank, rank_page: 0 }))
  let view = null, generation = 0, classes = null

  function fault(words) { say(part('fault'), words); part('fault').hidden = !words }
  function update(data) {
    const before = view
    view = data
    look.follow()
    const changed = told.heard(data, state, OWNED)
    const differs = (...keys) => keys.some(key => !before || before[key] !== data[key])
    const other = differs('model', 'dataset', 'count')
    if (other) { generation++; root.dataset.ready = 'false'; fault('') }
    if (other || differs('projection', 'subject', 'label')) {
      fault('')
      subject.open(view, view.subject).catch(error => fault(error.message))
    }
    if (other || differs('subject', 'label') || changed.includes('altered')) stand()
    if (other || changed.some(name => name.startsWith('rank'))) rank()
    else markChosen()
  }
  function set(changes) {
    Object.assign(state, changes)
    told.tell(changes)
    if ('altered' in changes) stand()
    else rank()
  }

  const names = () => `${encodeURIComponent(view.model)}/${encodeURIComponent(view.dataset)}?count=${view.count}`
  // What may first have to be measured, with words for who waits; null when something else was asked for meanwhile.
  const asked = { stand: 0, rank: 0 }
  async function fetched(what, path) {
    const mine = ++asked[what], of = generation, stale = () => mine !== asked[what] || of !== generation || life.signal.aborted
    try {
      const answer = await ready(at(path), jobUrl, {
        cancelled: stale,
        onWait: ({ doing, share, left }) => {
          part('waiting').hidden = false
          const words = ['Measuring the error of every image, once', doing, `${Math.round(100 * share)} %`, timeLeft(left)]
          say(part('waiting'), words.filter(Boolean).join(' · '))
        },
      })
      if (!answer || stale()) return null
      const buffer = await answer.arrayBuffer(), head = parseHead(buffer)
      part('waiting').hidden = true
      return stale() ? null : { said: head.said, pixels: new Uint8Array(buffer, head.at) }
    } catch (error) { if (!stale()) fault(error.message); return null }
  }
  const painter = ({ said: { shape: [height, width, channels] }, pixels }) => {
    const size = height * width * channels
    return (canvas, k) => paint(canvas, pixels.subarray(k * size, (k + 1) * size), height, width, channels)
  }
  const short = error => (error < 0.001 ? error.toExponential(1) : error.toPrecision(2))

  // --- where the image stands ---------------------------------------------------------------------------------------
  async function stand() {
    segments.set(state.altered)
    const label = view.label === null ? '' : `&label=${view.label}`
    const got = await fetched('stand', `errors/${names()}&at=${encodeURIComponent(view.subject)}&altered=${state.altered}${label}`)
    if (!got) return
    const { said } = got, put = painter(got)
    put(part('reconstruction'), 1)
    part('reconstruction').ariaLabel = `Reconstruction, error ${short(said.image.error)}`
    say(part('error'), `error ${short(said.image.error)}`)
    say(part('words'), said.image.words)
    part('other').hidden = !said.other
    if (said.other) {
      put(part('other-image'), 2)
      put(part('other-drawn'), 3)
      const title = ways[state.altered]
      part('other-image').ariaLabel = `The image ${title.toLowerCase()}`
      part('other-drawn').ariaLabel = `Its reconstruction, error ${short(said.other.error)}`
      const pairs = `Of a usual image and one ${title.toLowerCase()}, the error names the strange one ${Math.round(100 * said.auroc)} times in 100`
      say(part('other-words'), `${title}: ${said.other.words} ${pairs} (AUROC ${said.auroc.toFixed(3)}; 0.5 is chance).`)
    }
    drawHistogram(said)
    mark(root, 'share', said.image.share.toFixed(4))
    mark(root, 'altered', state.altered)
    mark(root, 'subject', view.subject)
    root.dataset.ready = 'true'
  }
  function drawHistogram({ edges, counts, image, other, compared }) {
    const all = counts.reduce((sum, count) => sum + count, 0), beside = compared?.reduce((sum, count) => sum + count, 0)
    // An error of 0 has no place on a logarithmic axis and stands at its beginning, as it does in the bars.
    const x = { range: [edges[0] / MARGIN, edges.at(-1) * MARGIN], log: true, title: 'reconstruction error (mean squared, per pixel)' }
    const placed = ({ error }) => Math.max(error, edges[0])
    const share = (count, of) => 100 * count / of
    const steps = compared?.flatMap((count, k) => [[edges[k], share(count, beside)], [edges[k + 1], share(count, beside)]])
    const outline = steps && [[edges[0], 0], ...steps, [edges.at(-1), 0]]
    const top = Math.max(...counts.map(count => share(count, all)), ...(compared ?? []).map(count => share(count, beside)))
    drawPlot(part('histogram'), {
      x, y: { range: [0, top * 1.08], title: '% of images' },
      bars: counts.map((count, k) => ({ x0: edges[k], x1: edges[k + 1], y: share(count, all), tone: 'lx-tone-usual' })),
      lines: outline ? [{ points: outline, tone: 'lx-tone-strange' }] : [],
      marks: [
        { x: placed(image), tone: 'lx-tone-this', words: 'this image' },
        ...(other ? [{ x: placed(other), tone: 'lx-tone-strange', dashed: true, words: ways[state.altered].toLowerCase(), line: 1 }] : []),
      ],
      label: `Histogram of the errors of ${all.toLocaleString('en')} images. This image: ${image.words}`
        + (other ? ` ${ways[state.altered]}: ${other.words}` : ''),
    })
  }

  // --- the ranking --------------------------------------------------------------------------------------------------
  async function rank() {
    order.set(state.rank)
    const of = state.rank_class === '' ? '' : `&class=${state.rank_class}`
    const got = await fetched('rank', `ranked/${names()}&order=${state.rank}&page=${state.rank_page}${of}`)
    if (!got) return
    const { said } = got, put = painter(got)
    offerClasses(said.classes)
    say(part('page'), `${said.first + 1}–${said.first + said.rows.length} of ${said.of.toLocaleString('en')}`)
    part('before').disabled = said.page === 0
    part('after').disabled = said.page >= said.pages - 1
    part('ranked').replaceChildren(...said.rows.map((row, k) => {
      const button = Object.assign(element('button'), { type: 'button' })
      const image = element('canvas', 'lx-pixels'), drawn = element('canvas', 'lx-pixels lx-drawn')
      put(image, 2 * k)
      put(drawn, 2 * k + 1)
      button.append(image, drawn, element('span', '', `${said.labels[k]} · ${short(said.errors[k])}`))
      button.dataset.row = row
      button.title = button.ariaLabel = `Rank ${said.first + k + 1}: image ${row}, class ${said.labels[k]}, error ${short(said.errors[k])}`
      button.onclick = () => told.tell({ row })
      return button
    }))
    mark(part('ranked'), 'page', `${state.rank} ${said.page} ${state.rank_class}`)
    markChosen()
  }
  function markChosen() {
    for (const button of part('ranked').children) button.setAttribute('aria-current', String(view.subject === `row:${button.dataset.row}`))
  }
  function offerClasses(all) {
    if (classes !== all.join()) {
      classes = all.join()
      const option = (value, title) => Object.assign(element('option', '', title), { value })
      part('class').replaceChildren(option('', 'All'), ...all.map((name, k) => option(String(k), name)))
    }
    part('class').value = state.rank_class
  }
  part('class').onchange = event => set({ rank_class: event.target.value, rank_page: 0 })
  part('before').onclick = () => set({ rank_page: state.rank_page - 1 })
  part('after').onclick = () => set({ rank_page: state.rank_page + 1 })
  return { update, close() { life.abort(); told.close() } }
}
