// The two ends, A and B: a card each with the image and the ways to choose another one.
import { element, mark, partsOf, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { createPad } from '../js/pad.js'
import { className, rowName } from '../js/words.js'

const upper = text => text[0].toUpperCase() + text.slice(1)
const markup = name => `
  <figure class="lx-card" data-part="card" data-kind="original">
    <figcaption class="lx-title"><button type="button" class="lx-end-name" data-part="choose" aria-pressed="false"><b>${name}</b> <span data-part="title"></span></button></figcaption>
    <canvas class="lx-pixels" data-part="image" data-testid="end-${name.toLowerCase()}" width="28" height="28" role="img"></canvas>
    <div class="lx-caption" data-part="caption">&nbsp;</div>
  </figure>
  <div class="lx-end-tools" data-part="tools">
    <span class="lx-pair"><select data-part="class" aria-label="Class of the random image for ${name}" title="A random image of this class becomes ${name}"></select>
      <button type="button" class="lx-button" data-part="another" title="A random image of this class becomes ${name}">Random</button></span>
    <form data-part="number-form"><input data-part="number" inputmode="numeric" placeholder="#123" size="6" aria-label="Image by its number for ${name}" title="An image by its number; Enter takes it"></form>
    <button type="button" class="lx-button" data-part="sample" title="A sample of the prior (the latent of a random image where the model has none) becomes ${name}; each press draws another">Sample</button>
    <button type="button" class="lx-button" data-part="mean" title="The middle of the prior, or of all latents where there is none, becomes ${name}">Mean</button>
    <p class="lx-end-refused" data-part="refused" id="lx-refused-${name}" role="alert" hidden></p>
  </div>
  <div class="lx-note lx-end-note" data-part="note">&nbsp;</div>`

// `onChoose(text)` gets the text of another subject, `onActive()` hears that this end is the one in hand, `isActive()` tells.
// `check(text)` fetches a subject; it rejects with a sentence for what there is not.
export function createEnd(box, name, { onChoose, onActive, isActive, onFault, check }, signal) {
  box.innerHTML = markup(name)
  const part = partsOf(box)
  let points = null, text = '', undrawn = '', words = '', seed = 1
  // A paste goes to the end in hand; so does a drop, since it makes its card that.
  const pad = createPad(part('card'), part('image'), {
    onDrawing: () => {}, onPicture: id => { if (isActive()) onChoose(`own:${id}`) }, onFault,
    onBegin: () => { undrawn = text }, onEmpty: () => onChoose(undrawn),
  }, signal)
  part('tools').prepend(part('card').querySelector('.lx-pad-tools'))
  for (const kind of ['pointerdown', 'focusin', 'dragover']) box.addEventListener(kind, onActive, { signal })
  part('choose').onclick = onActive
  part('choose').title = `Choose ${name}: what is clicked on the map becomes ${name}`

  // A random row of the chosen class, another one than now.
  function another() {
    const wanted = part('class').value, rows = []
    for (let i = 0; i < points.n; i++) if (wanted === '' || points.label[i] === Number(wanted)) rows.push(points.row[i])
    const others = rows.filter(row => `row:${row}` !== text)
    if (others.length) onChoose(`row:${others[Math.floor(Math.random() * others.length)]}`)
  }
  part('another').onclick = () => points && another()
  part('class').onchange = () => { if (part('class').value !== '') another() }
  part('sample').onclick = () => onChoose(`sample:${text.startsWith('sample:') ? Number(text.slice(7)) + 1 : seed++}`)
  part('mean').onclick = () => onChoose('mean')
  part('number').setAttribute('aria-describedby', `lx-refused-${name}`)
  part('number').oninput = () => refuse('')
  part('number-form').onsubmit = async event => {
    event.preventDefault()
    const given = part('number').value, row = given.trim().replace(/^#/, '')
    if (!/^\d{1,9}$/.test(row)) { refuse(`An image is chosen by its number, like #123, not '${given}'.`); return }
    try {
      await check(`row:${Number(row)}`)
      if (part('number').value === given) onChoose(`row:${Number(row)}`)
    } catch (error) {
      if (part('number').value === given) refuse(error.message)
    }
  }
  // A number that names no image: said here, and the end stays.
  function refuse(sentence) {
    say(part('refused'), sentence)
    part('refused').hidden = !sentence
    part('number').setAttribute('aria-invalid', Boolean(sentence))
  }
  return {
    // The points of the map, whose classes can be chosen among.
    open(next) {
      points = next
      const before = part('class').value
      part('class').replaceChildren(...['any', ...points.about.classes].map((title, k) => Object.assign(element('option', '', title), { value: k ? k - 1 : '' })))
      part('class').value = before
    },
    active(on) { part('choose').setAttribute('aria-pressed', on); mark(box, 'active', String(on)) },
    // A subject that was fetched for a text; `generated` tells whether its image has to be decoded first.
    show(next, subject) {
      if (next !== text) { part('number').value = ''; refuse('') }
      text = next
      const original = Boolean(subject.pixels), row = text.startsWith('row:') ? Number(text.slice(4)) : null
      mark(part('card'), 'kind', original ? 'original' : 'generated')
      say(part('title'), original ? 'Original' : 'Generated')
      if (original) paint(part('image'), subject.pixels, ...subject.shape)
      const at = points && row !== null ? points.indexOf(row) : -1
      if (at < 0 || points.label[at] !== Number(part('class').value)) part('class').value = ''
      const [first, ...rest] = subject.words.split('. ')
      words = at >= 0 ? `${className(points.about, points.label[at])}, ${rowName(points.about, row)}` : first
      say(part('caption'), at >= 0 ? className(points.about, points.label[at]) : upper(first))
      say(part('note'), at >= 0 ? rowName(points.about, row) : rest.join('. '))
      part('note').title = subject.words
      part('image').ariaLabel = `${name}: ${subject.words}`
      part('image').dataset.subject = text
    },
    // What the model draws at an end that is no image.
    decoded(pixels, shape) { if (part('card').dataset.kind === 'generated') paint(part('image'), pixels, ...shape) },
    pad,
    // What the end is, in a few words.
    get words() { return words },
  }
}
