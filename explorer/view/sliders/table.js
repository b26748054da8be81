// All dimensions at once: a row for each, its images from -3 to 3 units of its scale. On the page and as a picture to keep.
import { at } from '../js/address.js'
import { element, say } from '../js/dom.js'
import { download, measurer, painted } from '../js/download.js'
import { FONT, escaped, sheet } from '../js/sheet.js'
import { themeOf } from '../js/theme.js'
import { parseMoves, plain } from './moves.js'

const REACH = 3, CHOICES = [5, 7, 13, 25], STEPS = 13
// The server draws no more rows.
const ROWS = 256
// Room for the names of rows and columns in a saved picture, and the least side of a cell there.
const LEFT = 150, ABOVE = 20, CELL = 40

// Which dimensions have a row, as the server lists them.
export function rowsOf({ order, why, names }, by, dead) {
  const all = by === 'index' ? names.map((_, dimension) => dimension) : order
  return all.filter(dimension => dead || !why[dimension]).slice(0, ROWS)
}

// What stands above the columns.
export const headsOf = steps => Array.from({ length: steps }, (_, k) => {
  const value = +(-REACH + 2 * REACH * k / (steps - 1)).toFixed(2)
  return value === 0 ? '0' : `${value > 0 ? '+' : '−'}${Math.abs(value)}σ`
})

// `view()` is { model, dataset, count, projection, label, subject, moved, order, title, words } and `facts`;
// `onCommit({ steps, dead })` hears of what a person has chosen.
export function createTable(host, root, { view, facts, onCommit }) {
  const tools = element('div', 'lx-fold-tools'), note = element('span', 'lx-note'), scroll = element('div', 'lx-table')
  const steps = Object.assign(document.createElement('select'), { className: 'lx-button', title: 'Images in each row' })
  steps.append(...CHOICES.map(n => new Option(`${n} steps`, n)))
  steps.value = STEPS
  steps.setAttribute('aria-label', 'Steps of the table')
  const dead = Object.assign(document.createElement('input'), { type: 'checkbox' }), label = element('label')
  label.append(dead, 'with dead dimensions')
  const save = Object.assign(element('button', 'lx-button', 'Table as PNG'), { type: 'button', title: 'The table as one picture, with what it shows written into it' })
  note.setAttribute('role', 'status')
  scroll.tabIndex = 0
  scroll.setAttribute('role', 'region')
  scroll.setAttribute('aria-label', 'Table of traversals')
  tools.append(steps, label, save, note)
  host.replaceChildren(tools, scroll)
  let shown = null, asked = ''

  function url() {
    const { model, dataset, count, projection, label: told, subject, moved, order } = view()
    const query = new URLSearchParams({ count, at: subject, moved, order, projection, steps: steps.value, ...(dead.checked ? { dead: 'yes' } : {}), ...(told === null ? {} : { label: told }) })
    return at(`traversal/${encodeURIComponent(model)}/${encodeURIComponent(dataset)}?${query}`)
  }
  async function draw() {
    const mine = url()
    if (mine === asked) return
    asked = mine
    say(note, 'Drawing…')
    try {
      const answer = await fetch(mine)
      if (!answer.ok) throw new Error(await answer.text())
      const picture = new Image()
      picture.src = URL.createObjectURL(await answer.blob())
      await picture.decode()
      if (mine !== asked) return URL.revokeObjectURL(picture.src)
      if (shown) URL.revokeObjectURL(shown.picture.src)
      shown = { picture, rows: rowsOf(facts(), view().order, dead.checked), steps: +steps.value, words: wordsNow() }
      layOut()
      say(note, '')
    } catch (error) {
      if (mine !== asked) return
      asked = ''
      scroll.replaceChildren()
      shown = null
      say(note, error.message)
    }
    save.disabled = !shown
  }
  function layOut() {
    const { picture, rows, steps } = shown, { why, shape } = facts(), cell = cellOf(shown)
    const grid = element('div', 'lx-table-grid'), heads = element('div', 'lx-heads'), labels = element('div', 'lx-table-names')
    heads.append(...headsOf(steps).map(text => element('span', '', text)))
    labels.append(...rows.map(dimension => {
      const one = element('span', '', rowWords(facts(), dimension))
      one.dataset.dead = Boolean(why[dimension])
      return one
    }))
    picture.className = 'lx-pixels'
    picture.style.width = `${cell * steps}px`
    picture.style.height = `${cell * shape[0] / shape[1] * rows.length}px`
    picture.alt = `${rows.length} rows of ${steps} images: each row moves one dimension from −${REACH} to +${REACH} σ and holds the others. ${shown.words.notes[0]}`
    grid.append(heads, labels, picture)
    scroll.replaceChildren(grid)
  }
  function wordsNow() {
    const { title, words, moved, label: told } = view(), { prior, classes, names } = facts()
    return {
      title, subtitle: `Traversal of ${dead.checked ? 'all' : 'all living'} dimensions, ${view().order === 'index' ? 'by number' : facts().kl ? 'by falling KL' : 'by falling variance'}`,
      notes: [
        `Start: ${words}${moved ? `, moved: ${[...parseMoves(moved)].map(([dimension, value]) => `${names[dimension]} = ${plain(value).replace('-', '−')}`).join(', ')}` : ''}.${told === null ? '' : ` Drawn as ${classes[told]}.`}`,
        prior ? 'Each row moves one dimension from −3 to +3 standard deviations of the prior N(0, I); the others are held.'
          : 'Each row moves one dimension from −3 to +3 standard deviations of the encoded images about their mean; the others are held.',
      ],
    }
  }
  async function savePicture() {
    try {
      const { svg, width, height } = await sheetOf(shown, facts(), root)
      download(await painted(svg, width, height), `${view().model}-traversal.png`)
      say(note, 'Table saved')
    } catch (error) {
      say(note, `The table could not be saved. ${error.message}`)
    }
  }
  const chosen = () => { draw(); onCommit({ steps: +steps.value, dead: dead.checked }) }
  steps.onchange = chosen
  dead.onchange = chosen
  save.onclick = savePicture
  return {
    open(choice) {
      if (![...steps.options].some(one => +one.value === choice.steps)) steps.append(new Option(`${choice.steps} steps`, choice.steps))
      steps.value = choice.steps
      dead.checked = choice.dead
      draw()
    },
    get choice() { return { steps: +steps.value, dead: dead.checked } },
  }
}

// How wide a cell is shown: so many whole pixels for each of an image's, that all of them look alike.
const cellOf = ({ picture, steps }) => {
  const wide = picture.naturalWidth / steps
  return wide * Math.ceil(CELL / wide)
}
const rowWords = ({ names, kl, share, why }, dimension) =>
  `${names[dimension]} ${kl ? `${kl[dimension].toFixed(2)} nats` : `${(100 * share[dimension]).toPrecision(2)} %`}${why[dimension] ? ', dead' : ''}`

// The table with its names, title and notes as one SVG; its lengths are in pixels of the images.
async function sheetOf({ picture, rows, steps, words }, facts, root) {
  const cell = cellOf({ picture, steps }), wide = cell * steps, high = cell * facts.shape[0] / facts.shape[1] * rows.length
  const text = (x, y, anchor, words) => `<text x="${x}" y="${y}" font-size="12" text-anchor="${anchor}">${escaped(words)}</text>`
  const drawing = headsOf(steps).map((head, k) => text(LEFT + cell * (k + 0.5), ABOVE - 6, 'middle', head)).join('') +
    rows.map((dimension, k) => text(LEFT - 8, ABOVE + high / rows.length * (k + 0.5) + 4, 'end', rowWords(facts, dimension))).join('')
  const mark = `<image x="${LEFT}" y="${ABOVE}" width="${wide}" height="${high}" href="${await dataUrl(picture.src)}" style="image-rendering:pixelated"/>`
  return sheet({
    ...words, drawing, width: LEFT + wide, height: ABOVE + high, area: { left: 0, top: 0, width: LEFT + wide, height: ABOVE + high },
    pictures: null, marks: [mark], legend: [], theme: themeOf(root),
    measure: measurer(FONT),
  })
}

async function dataUrl(url) {
  const blob = await (await fetch(url)).blob()
  return new Promise(resolve => { const reader = new FileReader(); reader.onload = () => resolve(reader.result); reader.readAsDataURL(blob) })
}
