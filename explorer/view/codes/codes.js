// Paint with codes: the map of codes of an image beside what the decoder makes of it. Each stroke is decoded as it is made; the
// page hears of it when it ends.
import { at, channelUrl } from '../js/address.js'
import { offerAnother } from '../js/another.js'
import { parseHead } from '../js/binary.js'
import { openChannel } from '../js/channel.js'
import { mark, partsOf, say } from '../js/dom.js'
import { canvasBlob, download } from '../js/download.js'
import { paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { createSegments } from '../js/segments.js'
import { createSubject, fetchSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { createFacts } from './facts.js'
import { createHistory } from './history.js'
import { createCodeMap, listenStrokes } from './map.js'
import { createPalette, createTiles } from './palette.js'
import { createPrior } from './prior.js'
import { codesOfText, codesToText, maskOfText, maskToText } from './text.js'

const REST_MS = 180               // so long after the last stroke it is asked what the prior says of it
const BRIGHT = 0.6                // the first code that is painted with is one that shows: ink of this brightness, 0 to 1
const ENLARGED = 8                // a saved image is so many times as large
const OWNED = ['codes', 'kept', 'source', 'seed', 'temperature']
const HELP = {
  code: 'Drag over the codes or over the decoded image. Alt-click or P picks up the code of a cell.',
  source: 'Drag over the codes or over the decoded image: the same cells are copied from the other image.',
  keep: 'Drag over cells to keep them (framed): the prior draws all others anew.',
}
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-paint')
  if (!mounted.has(root)) mounted.set(root, createPaint(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createPaint(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open })
  const state = { codes: '', kept: '', source: '', seed: 0, temperature: 1 }
  const history = createHistory(() => [part('undo'), part('redo')])
  const subject = createSubject(part('subject'), { onCommit: picture => told.tell({ ...picture, codes: '' }), onFault: fault }, life.signal)
  const facts = createFacts(part('facts'), shares => map?.tint(shares))
  const brushes = createSegments(part('brush'), name => setBrush(name))
  offerAnother(subject, () => view.total, row => told.tell({ row, codes: '' }))
  const look = watchLook(root, part('usage'), { onTheme: () => palette?.draw(), onSize: () => palette?.draw() }, life.signal)
  let view = null, book = null, dress = null, palette = null, map = null, sourceMap = null, prior = null, listening = null
  // What is painted on, its codes, those that are shown, which cells are kept, and the codes of the image to copy from.
  let on = '', base = [], painted = [], kept = [], source = null, sourceRow = ''
  let brush = 'code', code = 0, keeping = true, stroke = null, aimed = null, rest = 0, asking = 0, asked = 0

  function fault(words) { say(part('fault'), words); part('fault').hidden = !words }
  const spec = () => ({ signs: book.signs, cells: book.cells, size: book.counts.length })
  const textOf = codes => codesToText(codes, book.signs)
  const names = () => `${encodeURIComponent(view.model)}/${encodeURIComponent(view.dataset)}`

  async function update(data) {
    const before = view
    view = data
    look.follow()
    const changed = told.heard(data, state, OWNED)
    const differs = (...keys) => keys.some(key => !before || before[key] !== data[key])
    // While it has not answered what was chosen last, the page still shows what was chosen before.
    const late = told.waits('row') || told.waits('own')
    const otherBook = differs('model', 'dataset', 'count'), otherSubject = otherBook || (differs('subject') && !late)
    const mine = otherSubject ? ++asked : asked
    try {
      if (otherBook) await openBook()
      if (mine !== asked) return
      const found = otherSubject ? await codesOfSubject() : null
      if (mine !== asked || !book) return
      if (found) startFrom(found)
      if (otherSubject || changed.includes('codes')) adopt()
      if (otherSubject || changed.includes('kept')) kept = maskOfText(state.kept, book.cells)
      draw()
      if (otherBook || changed.includes('source')) await openSource()
    } catch (error) { fault(error.message) }
  }

  async function json(path) {
    const answer = await fetch(at(path))
    if (!answer.ok) throw new Error(await answer.text())
    return answer.json()
  }
  async function codesOf(text) {
    const where = `${names()}/${encodeURIComponent(view.projection)}?count=${view.count}`
    return (await json(`code-map/${where}&at=${encodeURIComponent(text)}`)).codes
  }

  async function openBook() {
    root.dataset.ready = 'false'
    fault('')
    const answer = await fetch(at(`codebook/${names()}?count=${view.count}`))
    if (!answer.ok) throw new Error(await answer.text())
    const buffer = await answer.arrayBuffer(), head = parseHead(buffer)
    book = { ...head.said, n: head.n, cells: head.said.grid[0] * head.said.grid[1], pixels: new Uint8Array(buffer, head.at) }
    dress = createTiles(book)
    history.forget()
    on = ''
    base = painted = []
    const heard = { dress, onStroke, onPick, onAim }
    listening?.abort()
    listening = new AbortController()
    map = createCodeMap(part('map'), book.grid, { ...heard, name: 'Codes of the image' }, listening.signal)
    sourceMap = createCodeMap(part('source-map'), book.grid, {
      ...heard, name: 'Codes of the image to copy from', onPick: cell => { setBrush('code'); choose(source[cell]) },
    }, listening.signal)
    listenStrokes(part('painted').parentElement, book.grid, heard, listening.signal)
    onAim(null)
    palette = createPalette({ list: part('palette'), chart: part('usage') }, book, dress, chosen => { setBrush('code'); choose(chosen) })
    say(part('usage-words'), `${book.words} Counted over ${book.images.toLocaleString('en')} encoded images; heights are roots of the counts.`)
    say(part('palette-words'), 'Each tile is the mean of the decoded images around the cells that hold the code, three cells wide: '
      + 'the middle is its own patch.'
      + (book.dead.length ? ` Dead codes (dashed): ${book.dead.slice(0, 40).join(', ')}${book.dead.length > 40 ? ' and others' : ''}.` : ''))
    prior ??= createPrior(part, { onApply: codes => apply(codes), onSet: setPrior })
    prior.open(book)
    choose(book.order.find(one => brightness(one) > BRIGHT) ?? book.order[0])
    setBrush(brush)
  }
  // How bright the patch of a code is, 0 to 1: the middle third of its tile.
  function brightness(one) {
    const [height, width, channels] = book.shape, start = one * height * width * channels
    let sum = 0, n = 0
    for (let y = Math.floor(height / 3); y < 2 * height / 3; y++) {
      for (let x = Math.floor(width / 3); x < 2 * width / 3; x++, n++) sum += book.pixels[start + (y * width + x) * channels]
    }
    return sum / n / 255
  }
  async function codesOfSubject() {
    const [codes] = await Promise.all([codesOf(view.subject), subject.open(view, view.subject)])
    return codes
  }
  // What was painted on another image can be had back, with that image.
  function startFrom(codes) {
    if (on && on !== view.subject && !unpainted()) history.remember(now())
    on = view.subject
    base = codes
  }
  const now = () => ({ on, base, painted, kept })
  const unpainted = () => painted.every((one, cell) => one === base[cell])
  // What the address says is painted.
  function adopt() {
    const said = state.codes ? codesOfText(state.codes, spec()) : base
    if (!said) fault('The codes in this address belong to another model; the image\'s own are shown.')
    painted = [...(said ?? base)]
  }
  async function openSource() {
    try { await showSource(state.source || firstSource()) } catch (error) {
      // One that cannot be used is not kept in the address.
      told.tell({ source: state.source = '' })
      await showSource(firstSource())
      throw error
    }
  }
  const firstSource = () => `row:${view.row === 0 ? 1 : 0}`
  async function showSource(text) {
    const [codes, other] = await Promise.all([codesOf(text), fetchSubject(view, text)])
    source = codes
    sourceMap.show(source)
    if (other.pixels) paint(part('source-image'), other.pixels, ...other.shape)
    part('source-image').ariaLabel = `The image to copy from: ${other.words}`
    say(part('source-words'), other.words)
    sourceRow = part('source-row').value = text.startsWith('row:') ? text.slice(4) : ''
  }

  function draw() {
    map.show(painted, kept)
    sayAimed()
    const same = unpainted()
    mark(part('painted-card'), 'kind', same ? 'reconstruction' : 'generated')
    say(part('painted-title'), same ? 'Reconstruction' : 'Painted')
    const changed = painted.filter((one, cell) => one !== base[cell]).length
    say(part('painted-words'), same ? 'from the codes of the image' : `${changed} of ${book.cells} codes changed`)
    part('clear').disabled = same
    const text = textOf(painted)
    channel.ask({ kind: 'codes', model: view.model, codes: [painted] }, answer => {
      if (answer.said.error) return fault(answer.said.error)
      paint(part('painted'), answer.pixels, answer.height, answer.width, answer.channels)
      part('painted').ariaLabel = same ? 'Reconstruction from the codes' : 'Image decoded from the painted codes'
      mark(part('painted'), 'codes', text)
      root.dataset.ready = 'true'
    })
    clearTimeout(rest)
    rest = setTimeout(atRest, REST_MS)
  }
  function atRest() {
    if (stroke) return
    const text = textOf(painted)
    json(`code-facts/${names()}?count=${view.count}&codes=${text}`).then(said => {
      if (text !== textOf(painted)) return
      facts.show(said, book)
    }).catch(error => fault(error.message))
    askPrior()
  }
  function askPrior() {
    const { seed, temperature } = state
    prior.ask({ model: view.model, kept, seed, temperature }, painted, textOf(painted), maskToText(kept))
  }
  function setPrior(changes, ms) {
    Object.assign(state, changes)
    told.tell(changes, ms)
    clearTimeout(asking)
    asking = setTimeout(askPrior, ms)
  }

  // What a person did to the codes or to the kept cells ends here; `chosen` is what is painted on now, where it is another.
  function done(chosen = {}) {
    state.codes = unpainted() ? '' : textOf(painted)
    state.kept = maskToText(kept)
    told.tell({ ...chosen, codes: state.codes, kept: state.kept })
    draw()
  }
  function apply(codes, keptCells = kept) {
    history.remember(now())
    painted = [...codes]
    kept = [...keptCells]
    done()
  }
  function onStroke(cell, phase) {
    if (!book || !painted.length) return
    if (phase === 'end') {
      if (!stroke) return
      const before = stroke
      stroke = null
      const moved = painted.some((one, k) => one !== before.painted[k]) || kept.some((one, k) => one !== before.kept[k])
      if (moved) { history.remember(before); done() }
      return
    }
    if (phase === 'start') { stroke = { ...now(), painted: [...painted], kept: [...kept] }; keeping = !kept[cell] }
    if (!stroke) return
    if (brush === 'keep') kept[cell] = keeping
    else painted[cell] = brush === 'source' && source ? source[cell] : code
    draw()
  }
  function onPick(cell) { setBrush('code'); choose(painted[cell]) }
  function sayAimed() {
    say(part('map-words'), aimed === null ? `${book.cells} codes of ${book.counts.length}` : map.describe(aimed))
  }
  function onAim(cell) {
    const aim = part('aim'), [rows, columns] = book.grid
    aimed = cell
    aim.hidden = cell === null
    sayAimed()
    if (cell === null) return
    const [width, height] = [100 / columns, 100 / rows]
    const [left, top] = [cell % columns * width, Math.floor(cell / columns) * height]
    Object.assign(aim.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` })
  }
  function choose(chosen) {
    code = chosen
    palette.choose(code)
    dress(part('chosen'), code)
    part('chosen').ariaLabel = `code ${code}`
    mark(root, 'code', String(code))
  }
  function setBrush(name) {
    brush = name
    brushes.set(name)
    part('source').hidden = name !== 'source'
    say(part('help'), HELP[name])
  }
  function step(way) {
    const found = way(now())
    if (!found) return
    const [kind, name] = found.on.split(':'), chosen = found.on === on ? {} : { [kind]: name }
    on = found.on
    base = found.base
    painted = [...found.painted]
    kept = [...found.kept]
    done(chosen)
  }
  // The page hears of an image that can be copied from alone; the number of any other gives way to that of the one shown.
  async function setSource(row) {
    try {
      const whole = /^\d+$/.test(row) && Number(row) < view.total
      if (!whole) throw new Error(`There is no image ${row.replace('-', '−') || 'without a number'}: all are numbered 0 to ${view.total - 1}.`)
      await showSource(`row:${Number(row)}`)
      fault('')
      told.tell({ source: state.source = `row:${Number(row)}` })
    } catch (error) {
      fault(error.message)
      part('source-row').value = sourceRow
    }
  }
  async function save() {
    const canvas = part('painted'), size = { width: ENLARGED * canvas.width, height: ENLARGED * canvas.height }
    const large = Object.assign(document.createElement('canvas'), size)
    const pen = large.getContext('2d')
    pen.imageSmoothingEnabled = false
    pen.drawImage(canvas, 0, 0, large.width, large.height)
    download(await canvasBlob(large), `${view.model}-painted.png`)
  }

  for (const button of root.querySelectorAll('[data-keep]')) {
    button.onclick = () => {
      const [rows, columns] = book.grid, row = cell => Math.floor(cell / columns)
      const keeps = {
        top: cell => row(cell) < Math.ceil(rows / 2), left: cell => cell % columns < Math.ceil(columns / 2),
        other: cell => !kept[cell], none: () => false,
      }[button.dataset.keep]
      apply(painted, painted.map((_, cell) => keeps(cell)))
    }
  }
  part('undo').onclick = () => step(history.undo)
  part('redo').onclick = () => step(history.redo)
  part('clear').onclick = () => apply(base)
  part('save').onclick = save
  part('source-row').onchange = event => setSource(event.target.value)
  part('source-random').onclick = () => setSource(String(Math.floor(Math.random() * view.total)))
  part('source-all').onclick = () => { if (source) apply(source) }
  root.addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches('input')) return
    const again = event.key.toLowerCase() === 'y' || (event.shiftKey && event.key.toLowerCase() === 'z')
    if (!again && event.key.toLowerCase() !== 'z') return
    step(again ? history.redo : history.undo)
    event.preventDefault()
  })
  return {
    update,
    close() { life.abort(); channel.close(); prior?.close(); told.close(); clearTimeout(rest); clearTimeout(asking) },
  }
}
