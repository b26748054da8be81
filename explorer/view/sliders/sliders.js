// The sliders: image -> latent, a knob for each of its dimensions -> image. While a hand moves one, the decoder draws through
// the channel; the page hears of it when the hand lets go.
import { at, channelUrl, jobUrl } from '../js/address.js'
import { openChannel } from '../js/channel.js'
import { mark, partsOf, say } from '../js/dom.js'
import { openImages, paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { createSubject } from '../js/subject.js'
import { ready } from '../js/waiting.js'
import { createDecoded } from './decoded.js'
import { createList } from './list.js'
import { createHistory, formatMoves, parseMoves } from './moves.js'
import { createPosterior } from './posterior.js'
import { createStrips, stepsFor } from './strips.js'
import { createTable } from './table.js'

const REST_MS = 140              // a hand at rest this long asks for trust and nearest images
const TELL_MS = 250              // the page hears of what has not changed again for so long
const ANSWERED_MS = 3000         // the script has answered by then
const WIDE = 390                 // the track's width before it is known

const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-sliders')
  if (!mounted.has(root)) mounted.set(root, createSliders(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createSliders(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), history = createHistory()
  const faults = new Map()
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open }), tracks = openChannel(channelUrl())
  let shown = null               // what the page asked for; see SlidersData in sliders.py
  let facts = null, start = null, moves = new Map(), steps = stepsFor(WIDE), generation = 0
  let rest = 0, telling = 0, told = 0, before = null

  const subject = createSubject(part('subject'), {
    onCommit: picture => leap({ start: '', moved: '', ...picture }),
    onFault: sentence => fault(sentence, 'own'),
    onDrawing: drawLive,
    onEnd: () => { if (start) begin() },
  }, life.signal)
  const decoded = createDecoded(root, { onPick: row => leap({ row: String(row), start: '', moved: '' }) })
  const list = createList(root, { move, settle, reset: dimension => { drop(dimension); settle() }, sight: () => { strips.later(0); list.drawFaces(part('decoded')) } })
  const strips = createStrips(tracks, {
    rows: () => list.rows.filter(row => row.inSight),
    state: () => facts && start && { model: shown.model, z: z(), label: start.label, steps, shape: facts.shape },
    onFault: sentence => fault(sentence, 'tracks'),
  })
  const posterior = createPosterior(part('posterior'), { view: asked, onCommit: temperature => tell({ posterior: String(temperature) }) })
  const table = createTable(part('table'), root, { view: asked, facts: () => facts, onCommit: ({ steps, dead }) => tell({ table: String(steps), dead: dead ? 'on' : 'off' }) })
  const look = watchLook(root, part('rows'), { onSize: measure }, life.signal)

  const origin = () => shown.start || shown.subject
  const z = () => start.z.map((value, dimension) => moves.get(dimension) ?? value)
  const key = data => [data.model, data.dataset, data.count].join(' ')
  // What the folds below ask the server about.
  function asked() {
    const { model, dataset, count, projection, order, title } = shown
    const unable = !facts.kl ? 'This model gives each image one latent and no posterior; choose a VAE to see one.'
      : start.sigma ? '' : 'Only an image has a posterior: start from the chosen image, or draw one.'
    return { model, dataset, count, projection, order, title, label: start.label, subject: origin(), moved: formatMoves(moves), words: start.words, unable }
  }

  function update(data) {
    const last = shown
    shown = data
    look.follow()
    if (!last || key(data) !== key(last)) return open()
    if (!facts) return
    if (data.order !== last.order) order()
    if (['subject', 'start', 'label', 'projection'].some(name => data[name] !== last[name])) return begin()
    // An answer of the script that is older than the last move does not take it back.
    if (data.moved === formatMoves(moves)) told = 0
    else if (!telling && performance.now() - told > ANSWERED_MS) adopt(data.moved)
    folds()
  }

  async function open() {
    const mine = ++generation
    root.dataset.ready = 'false'
    facts = start = null
    moves = new Map()
    forget()
    history.clear()
    faults.clear()
    fault('')
    try {
      const { model, dataset, count } = shown, names = [model, dataset].map(encodeURIComponent).join('/')
      const wait = job => { part('waiting').hidden = false; say(part('waiting'), `Preparing these images: ${job.doing}, ${Math.round(100 * job.share)} %`) }
      const answer = await ready(at(`dimensions/${names}?count=${count}`), jobUrl, { onWait: wait, cancelled: () => mine !== generation })
      if (!answer) return
      const said = await answer.json()
      if (mine !== generation) return
      facts = said
      describe()
      list.open(facts, shown.order)
      decoded.open(facts, openImages(at, dataset, facts))
      await begin()
    } catch (error) {
      if (mine !== generation) return
      root.dataset.ready = 'failed'
      fault(`The sliders could not be drawn. ${error.message}`)
    } finally {
      if (mine === generation) part('waiting').hidden = true
    }
  }

  // From what the page starts, with what the page has moved.
  async function begin() {
    const mine = generation
    forget()
    try {
      const found = await subject.open(shown, origin())
      if (!found || mine !== generation) return
      // Where nothing was encoded, the card shows what is decoded there.
      start = { ...found, seen: Boolean(found.pixels) }
      fault('', 'start')
    } catch (error) {
      if (mine !== generation) return
      fault(error.message, 'start')
      if (start) return
      // What an address starts from may be gone; there is always a middle.
      if (origin() !== 'mean') return leap({ start: 'mean', moved: '' })
      throw error
    }
    adopt(shown.moved)
    root.dataset.ready = 'true'
    measure()
  }
  function adopt(text) {
    moves = new Map([...parseMoves(text)].filter(([dimension]) => dimension < start.z.length))
    before = entry()
    list.show(state())
    show()
    folds()
  }
  const state = () => ({ start: start.z, sigma: start.sigma, moves })

  // --- a hand at the sliders --------------------------------------------------------------------------------------
  function move(dimension, value) {
    if (!start) return
    moves.set(dimension, value)
    list.showOne(dimension, state())
    show()
  }
  function drop(dimension) {
    if (!moves.delete(dimension)) return
    list.showOne(dimension, state())
    show()
  }
  // The hand let go: the page hears of it, and it can be taken back.
  function settle() {
    clearTimeout(telling)
    telling = setTimeout(keep, TELL_MS)
  }
  function keep() {
    forget()
    if (!start || !before || before.moved === formatMoves(moves)) return
    history.push(before)
    before = entry()
    buttons()
    folds()
    tell({ moved: before.moved })
  }
  function forget() { clearTimeout(telling); telling = 0 }
  function tell(commit) {
    told = performance.now()
    setTriggerValue('commit', commit)
  }

  // The image first, then what is said of it, then what all other dimensions would do.
  function show() {
    const latents = start.seen ? [z()] : [z(), start.z]
    const bare = { kind: 'latent', model: shown.model, z: latents, ...(start.label === null ? {} : { labels: latents.map(() => start.label) }) }
    decoded.waiting()
    ask(bare)
    clearTimeout(rest)
    rest = setTimeout(() => ask({ ...(ownPoint() ?? bare), ...onMap(), detail: true }), REST_MS)
    strips.later()
    buttons()
  }
  const onMap = () => {
    const { dataset, count, projection, neighbours, metric } = shown
    return { dataset, count, projection, neighbours, metric }
  }
  // An encoded image that was not moved is judged as itself: it is no neighbour of its own.
  function ownPoint() {
    const [kind, row] = origin().split(':')
    if (kind !== 'row' || moves.size || +row >= facts.images) return null
    return { kind: 'image', model: shown.model, row: +row, label: shown.label }
  }
  function ask(request) {
    const mine = start, what = decodedWords()
    channel.ask(request, ({ n, height, width, channels, pixels, said }) => {
      if (mine !== start) return
      fault(said.error ?? '', 'channel')
      if (!n) return
      paint(part('decoded'), pixels, height, width, channels)
      list.drawFaces(part('decoded'))
      if (n > 1) { start.seen = true; paint(subject.canvas, pixels.subarray(height * width * channels), height, width, channels) }
      decoded.show(said, what)
    })
  }
  function decodedWords() {
    const names = [...moves.keys()].sort((a, b) => a - b).map(dimension => facts.names[dimension])
    const told = start.label === null ? '' : `as ${facts.classes[start.label]}`
    const own = start.pixels && !moves.size && (start.label === null || shown.label === null)
    const moved = !names.length ? 'nothing moved' : names.length < 4 ? `moved: ${names.join(', ')}` : `${names.length} dimensions moved`
    return { kind: own ? 'reconstruction' : 'generated', words: [told, moved].filter(Boolean).join(', ') }
  }
  // A drawing is encoded as it is made: the sliders follow the pen.
  function drawLive(drawing) {
    if (!start) return
    clearTimeout(rest)
    const mine = generation
    channel.ask({ kind: 'own', drawing, model: shown.model, label: shown.label, ...onMap(), detail: true }, ({ n, height, width, channels, pixels, said }) => {
      if (mine !== generation || !subject.pad.drawing) return
      fault(said.error ?? '', 'channel')
      if (!n) return
      paint(part('decoded'), pixels, height, width, channels)
      list.drawFaces(part('decoded'))
      paint(subject.canvas, pixels.subarray(height * width * channels), height, width, channels)
      decoded.show(said, { kind: 'reconstruction', words: 'of your drawing' })
      list.show({ start: said.latent, sigma: null, moves: new Map() })
    })
  }

  // --- from somewhere else, and back --------------------------------------------------------------------------------
  const entry = () => ({ chosen: shown.subject, start: shown.start, moved: formatMoves(moves) })
  // To another start: what was there can be taken back.
  function leap(commit) {
    forget()
    const kind = ['row', 'own', 'place'].find(name => commit[name] !== undefined), chosen = kind ? `${kind}:${commit[kind]}` : shown.subject
    if (start && chosen === shown.subject && commit.start === shown.start) return subject.pad.drawing ? begin() : reset()
    if (start) history.push(entry())
    leave()
    tell(commit)
  }
  // What is still on its way belongs to the start before.
  function leave() {
    clearTimeout(rest)
    if (start) start = { ...start }
    decoded.waiting()
  }
  function reset() {
    moves.clear()
    list.show(state())
    show()
    keep()
  }
  function back(to) {
    const [kind, value] = [to.chosen.split(':')[0], to.chosen.slice(to.chosen.indexOf(':') + 1)]
    const elsewhere = to.chosen !== shown.subject || to.start !== shown.start
    if (elsewhere) leave()
    else adopt(to.moved)
    tell({ ...(to.chosen === shown.subject ? {} : { [kind]: value }), ...(elsewhere ? { start: to.start } : {}), moved: to.moved })
  }
  const undo = () => { if (telling) keep(); if (history.canUndo) back(history.undo(entry())) }
  const redo = () => { if (history.canRedo) back(history.redo(entry())) }
  part('undo').onclick = undo
  part('redo').onclick = redo
  part('reset').onclick = reset
  part('from-image').onclick = () => leap({ start: '', moved: '' })
  part('from-mean').onclick = () => leap({ start: 'mean', moved: '' })
  part('from-sample').onclick = () => leap({ start: `sample:${Math.floor(Math.random() * 1e6)}`, moved: '' })
  part('from-class').onchange = ({ target }) => { if (target.value) leap({ start: `class:${target.value}`, moved: '' }) }
  for (const by of ['kl', 'index']) part(`by-${by}`).onclick = () => { shown = { ...shown, order: by }; order(); tell({ order: by }) }
  addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !start) return
    if (event.target.matches?.('input:not([type=range]), textarea, [contenteditable=true]')) return
    const again = event.key.toLowerCase() === 'y' || (event.shiftKey && event.key.toLowerCase() === 'z')
    if (!again && event.key !== 'z') return
    event.preventDefault()
    again ? redo() : undo()
  }, { signal: life.signal })

  // --- around the sliders -------------------------------------------------------------------------------------------
  function describe() {
    const { kl, prior, classes, noun } = facts
    say(part('from-mean'), prior ? 'Prior mean' : 'Mean latent')
    part('from-mean').title = prior ? 'z = 0, the middle of the prior N(0, I)' : 'The mean of all encoded images; this model has no prior'
    say(part('from-sample'), prior ? 'Random sample' : 'Random image')
    part('from-sample').title = prior ? 'A latent drawn at random from the prior N(0, I); press again for another' : 'The latent of an image picked at random; this model has no prior to draw from'
    part('from-class').replaceChildren(new Option(`Mean of a class…`, ''), ...classes.map((name, k) => new Option(/^\d/.test(name) ? `Mean ${noun} ${name}` : `Mean ${name}`, k)))
    say(part('by-kl'), kl ? 'By KL' : 'By variance')
    part('by-kl').title = kl ? 'What the encoder pays for a dimension, in nats, mean over the encoded images: the most telling first' : 'Which dimension varies most over the encoded images comes first; this model has no KL'
    say(part('scale-words'), prior ? 'Click or drag on a strip. Scale: σ of the prior N(0, 1), which is z itself.' : 'Click or drag on a strip. Scale: standard deviations of the encoded images about their mean; this model has no prior.')
    part('band-key').hidden = !kl
    order()
  }
  function order() {
    for (const by of ['kl', 'index']) part(`by-${by}`).ariaPressed = String(shown.order === by)
    if (start) { list.order(shown.order); list.show(state()); strips.later(0) }
    folds()
  }
  function buttons() {
    part('undo').disabled = !history.canUndo
    part('redo').disabled = !history.canRedo
    part('reset').disabled = !moves.size
    const from = shown.start.split(':')[0]
    part('from-image').ariaPressed = String(!shown.start)
    part('from-mean').ariaPressed = String(from === 'mean')
    part('from-sample').ariaPressed = String(from === 'sample')
    part('from-class').value = from === 'class' ? shown.start.slice(6) : ''
  }
  // How many images fit into a track, and how high they are.
  function measure() {
    if (!facts) return
    const [high, wide] = facts.shape, width = root.querySelector('.lx-track')?.clientWidth ?? WIDE
    steps = stepsFor(width, wide / high)
    root.style.setProperty('--lx-steps', steps)
    root.style.setProperty('--lx-ratio', wide / high)
    strips.later(0)
  }
  // What is folded away is not asked for. `open` follows the address, and the address what a person opens.
  function folds() {
    if (!start) return
    for (const [name, fold] of [['posterior', posterior], ['table', table]]) {
      const box = part(`${name}-box`), value = shown[name]
      if (box.dataset.told !== String(value)) { box.dataset.told = String(value); box.open = value !== null }
      if (box.open) fold.open(name === 'table' ? { steps: value ?? table.choice.steps, dead: shown.dead } : value ?? posterior.temperature)
    }
  }
  for (const name of ['posterior', 'table']) part(`${name}-box`).addEventListener('toggle', ({ target }) => {
    if (!start || target.open === (shown[name] !== null)) return
    const value = !target.open ? null : name === 'table' ? table.choice.steps : posterior.temperature
    shown = { ...shown, [name]: value }
    target.dataset.told = String(value)
    folds()
    tell({ [name]: value === null ? '' : String(value) })
  })
  // Each source of faults has its own sentence, so that what one mends does not hide the others.
  function fault(sentence, source = 'sliders') {
    if (sentence) faults.set(source, sentence)
    else faults.delete(source)
    say(part('fault-text'), [...faults.values()].join(' '))
    part('fault').hidden = !faults.size
    // Nothing to try again where what was given is not usable.
    part('retry').hidden = ![...faults.keys()].some(one => one !== 'own')
  }
  part('retry').onclick = open

  return {
    update,
    close() {
      for (const timer of [rest, telling]) clearTimeout(timer)
      life.abort()
      strips.close()
      list.close()
      channel.close()
      tracks.close()
    },
  }
}
