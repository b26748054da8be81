// Side by side: what every model of a comparison makes of the same images, and what each costs. Plots and figures come with the
// page; then each model is asked once for all that it draws, and last for where its way from A to B leads.
import { at, jobUrl } from '../js/address.js'
import { offerAnother } from '../js/another.js'
import { parseHead } from '../js/binary.js'
import { element, mark, partsOf, say } from '../js/dom.js'
import { download } from '../js/download.js'
import { paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { drawPlot } from '../js/plot.js'
import { createSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { ready, timeLeft } from '../js/waiting.js'
import { curvesOf, plotOf } from './charts.js'
import { createGrid } from './grid.js'
import { ladderPicture } from './picture.js'
import { betweenUrl, parsePortrait, portraitUrl, wayUrl } from './portrait.js'
import { csvOf, figureRows, holes, weakest } from './words.js'

const OWNED = ['model', 'second', 'seed']
const TOGETHER = 2                // models asked at once: the server answers two beside each other
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-ladder')
  if (!mounted.has(root)) mounted.set(root, createLadder(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createLadder(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const state = { model: null, second: '', seed: 0 }
  let view = null, generation = 0, other = '', portraits = new Map(), curves = new Map()
  const fault = words => { say(part('fault'), words); part('fault').hidden = !words }

  // --- A and B ------------------------------------------------------------------------------------------------------
  const textOf = ({ row, own, place, start }) => (own !== undefined ? `own:${own}` : row !== undefined ? `row:${row}` : place !== undefined ? `place:${place}` : start)
  const first = createSubject(part('first'), { onCommit: picture => told.tell(picture), onFault: fault }, life.signal)
  const second = createSubject(part('other'), { onCommit: picture => set({ second: textOf(picture) }), onFault: fault }, life.signal)
  second.canvas.dataset.testid = 'second'
  offerAnother(first, () => view.total, row => told.tell({ row }))
  offerAnother(second, () => view.total, row => set({ second: `row:${row}` }))
  const grid = createGrid(part('grid'), {
    onModel: choose,
    onRow: (row, name) => (name === 'A' ? told.tell({ row }) : set({ second: `row:${row}` })),
    onSeed: seed => set({ seed }),
    paintRow,
  })
  const look = watchLook(root, part('charts'), {
    onTheme: () => { for (const column of view.columns) if (portraits.has(column.model)) grid.drawMap(column, portraits.get(column.model)) },
  }, life.signal)

  function update(data) {
    const before = view
    view = data
    look.follow()
    const changed = told.heard(data, state, OWNED)
    const differs = (...keys) => keys.some(key => !before || JSON.stringify(before[key]) !== JSON.stringify(data[key]))
    const models = differs('columns', 'figures', 'members')
    if (models) grid.open({ ...data, ...state })
    else if (changed.includes('seed')) grid.seed(state.seed)
    if (models || differs('charts') || changed.includes('model')) showChosen({ scroll: true })
    say(part('left-out'), data.left_out ? `Every model is a point of the plots; of ${data.left_out} more seeds there is no column until one is chosen.` : '')
    const moved = models || differs('dataset', 'count', 'subject', 'label') || changed.includes('second') || changed.includes('seed')
    const elsewhere = data.subject.startsWith('place') && differs('model', 'projection')
    if (moved || elsewhere) load()
  }
  function set(changes) {
    Object.assign(state, changes)
    told.tell(changes)
    load()
  }
  function choose(model) {
    if (model === state.model) return
    state.model = model
    told.tell({ model })
    showChosen({ scroll: true })
  }

  // --- plots --------------------------------------------------------------------------------------------------------
  function showChosen({ scroll = false } = {}) {
    grid.choose(state.model, { scroll })
    mark(root, 'model', state.model)
    const host = part('charts')
    if (host.dataset.charts !== JSON.stringify(view.charts)) {
      host.dataset.charts = JSON.stringify(view.charts)
      host.replaceChildren(...view.charts.map(chart => {
        const made = element('figure'), title = element('h4', '', chart.title), svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
        title.title = chart.help
        svg.setAttribute('class', 'lx-chart')
        made.append(title, svg, element('p', 'lx-note', chart.note || chart.help))
        return made
      }))
    }
    drawCharts()
  }
  function drawCharts() {
    view.charts.forEach((chart, k) => drawPlot(part('charts').children[k].querySelector('svg'), chart.curve
      ? curvesOf(chart, view.members, curves, state.model, choose) : plotOf(chart, view.members, state.model, choose)))
  }

  // --- what the models draw -------------------------------------------------------------------------------------------
  async function load() {
    const mine = ++generation, stale = () => mine !== generation || life.signal.aborted
    const seen = { ...view, second: state.second, seed: state.seed }
    root.dataset.ready = root.dataset.walked = 'false'
    fault('')
    portraits = new Map()
    curves = new Map()
    other = seen.second
    speak()
    first.open(view, view.subject).catch(error => fault(error.message))
    if (other) second.open(view, other).catch(error => fault(error.message))
    await each(seen.columns, stale, async column => {
      const buffer = await fetched(portraitUrl(column, seen, seen.subject, seen.second), stale)
      if (!buffer) return
      const portrait = parsePortrait(buffer), { said } = portrait
      if (!other) { other = said.other; second.open(view, other).catch(error => fault(error.message)) }
      portraits.set(column.model, portrait)
      grid.originals(said, seen.subject)
      grid.fill(column, portrait)
      grid.bars(portraits)
    })
    if (stale()) return
    speak()
    part('waiting').hidden = true
    root.dataset.subject = seen.subject
    root.dataset.second = other
    root.dataset.seed = seen.seed
    root.dataset.ready = 'true'
    await each(seen.columns.filter(({ model }) => portraits.has(model)), stale, async column => {
      const steps = portraits.get(column.model).said.steps, buffer = await fetched(wayUrl(column, seen, seen.subject, other, steps), stale)
      if (!buffer) return
      const { said } = parseHead(buffer)
      grid.stand(column.model, said)
    })
    if (view.charts.some(({ curve }) => curve)) await each(seen.columns, stale, async column => {
      const buffer = await fetched(betweenUrl(column, seen), stale)
      if (!buffer) return
      curves.set(column.model, JSON.parse(new TextDecoder().decode(buffer)))
      drawCharts()
    })
    if (stale()) return
    speak()
    root.dataset.walked = 'true'
  }
  // All models, a few at once, the first ones first; one that fails says why in its column.
  async function each(columns, stale, work) {
    const waiting = [...columns]
    const next = async () => {
      for (let column = waiting.shift(); column && !stale(); column = waiting.shift()) {
        try { await work(column) } catch (error) { if (!stale()) grid.fault(column.model, error.message) }
      }
    }
    await Promise.all(Array.from({ length: TOGETHER }, next))
  }
  async function fetched(url, stale) {
    const answer = await ready(url, jobUrl, {
      cancelled: stale,
      onWait: ({ doing, share, left }) => {
        part('waiting').hidden = false
        say(part('waiting'), ['Encoding the images with every model, once', doing, `${Math.round(100 * share)} %`, timeLeft(left)].filter(Boolean).join(' · '))
      },
    })
    if (!answer) return null
    const buffer = await answer.arrayBuffer()
    return stale() ? null : buffer
  }
  async function paintRow(canvas, row) {
    try {
      const answer = await fetch(at(`images/${encodeURIComponent(view.dataset)}?rows=${row}`))
      const pixels = new Uint8Array(await answer.arrayBuffer()), { shape } = [...portraits.values()][0].said
      if (answer.ok) paint(canvas, pixels, ...shape)
    } catch { /* the button keeps its words */ }
  }
  // What is to be seen: by the figures of the cards, and by what the models have drawn since.
  function speak() {
    const seen = view.columns.map(({ model, words }) => ({ words, kl: portraits.get(model)?.said.kl, relative: curves.get(model)?.relative }))
    const more = { 'what is done against collapse': weakest, family: holes }[view.varies]
    say(part('finding'), [view.finding, more?.(seen)].filter(Boolean).join(' '))
  }

  // --- files --------------------------------------------------------------------------------------------------------
  const fileName = ending => `${view.title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-side-by-side.${ending}`
  part('csv').onclick = () => download(new Blob([csvOf(figureRows(view, portraits))], { type: 'text/csv' }), fileName('csv'))
  part('png').onclick = async () => download(await ladderPicture(root, view, grid, [first.canvas, second.canvas]), fileName('png'))
  return { update, close() { life.abort(); told.close() } }
}
