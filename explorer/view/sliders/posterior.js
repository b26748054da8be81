// The posterior of an image in pixels: what the decoder makes of samples of q(z|x), on average and how much each pixel varies.
import { at } from '../js/address.js'
import { parseHead } from '../js/binary.js'
import { element, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { number } from '../js/words.js'

const HOTTEST = 3, STEP = 0.05

// The newest of several wishes: one request is under way, and only the last one asked for meanwhile follows it.
export function createLatest(fetched, then) {
  let busy = false, next = null
  return async function ask(wish) {
    next = wish
    if (busy) return
    busy = true
    while (next) {
      const mine = next
      next = null
      const answer = await fetched(mine).catch(error => error)
      if (!next) then(answer, mine)
    }
    busy = false
  }
}

// `view()` is { model, dataset, count, projection, label, subject } with `able`, a sentence where there is nothing to sample;
// `onCommit(temperature)` hears of what a person has set.
export function createPosterior(host, { view, onCommit }) {
  const tools = element('div', 'lx-fold-tools'), label = element('label', '', 'Temperature'), value = element('output', 'lx-number')
  const slider = Object.assign(document.createElement('input'), { type: 'range', min: 0, max: HOTTEST, step: STEP, value: 1 })
  slider.title = 'How far samples stray from the mean: 0 is the mean itself, 1 the posterior, 2 twice its standard deviation'
  slider.setAttribute('aria-label', 'Temperature of the samples')
  const again = Object.assign(element('button', 'lx-button', 'Sample again'), { type: 'button', title: 'Draw other samples (another seed)' })
  const row = element('div', 'lx-posterior-row'), words = element('p', 'lx-note'), cards = ['Mean image', 'Standard deviation of each pixel'].map(card)
  let seed = 0, asked = ''
  label.append(slider, value)
  tools.append(label, again)
  row.append(...cards.map(one => one.figure))
  host.replaceChildren(tools, row, words)

  const ask = createLatest(url => fetch(url).then(async answer => {
    if (!answer.ok) throw new Error(await answer.text())
    return answer.arrayBuffer()
  }), answer => {
    row.hidden = answer instanceof Error
    if (answer instanceof Error) { asked = ''; return say(words, answer.message) }
    const { n, said, at: start } = parseHead(answer), [height, width, channels] = said.shape, size = height * width * channels
    cards.forEach(({ canvas }, k) => {
      paint(canvas, new Uint8Array(answer, start + k * size, size), height, width, channels)
      canvas.ariaLabel = `${cards[k].title} of ${n} decoded samples of the posterior`
    })
    say(cards[1].note, `white = ${number(said.deviation_max)}`)
    say(words, `${n} samples of q(z|x)${said.temperature === 1 ? '' : `, their spread times ${said.temperature}`}, decoded. Bright pixels at the right are where the encoder leaves the image open.`)
    host.dataset.temperature = said.temperature
  })
  function card(title) {
    const figure = element('figure', 'lx-small-card'), canvas = element('canvas', 'lx-pixels'), note = element('span', 'lx-note')
    canvas.setAttribute('role', 'img')
    figure.append(canvas, element('figcaption', '', title), note)
    return { figure, canvas, note, title }
  }
  function draw() {
    const now = view(), names = ['model', 'dataset', 'projection'].map(key => encodeURIComponent(now[key])).join('/')
    say(value, number(slider.valueAsNumber))
    tools.hidden = Boolean(now.unable)
    row.hidden = Boolean(now.unable)
    if (now.unable) { asked = ''; return say(words, now.unable) }
    const told = now.label === null ? '' : `&label=${now.label}`
    const url = at(`posterior/${names}?count=${now.count}&at=${encodeURIComponent(now.subject)}&seed=${seed}&temperature=${slider.valueAsNumber}${told}`)
    if (url === asked) return
    asked = url
    ask(url)
  }
  slider.oninput = draw
  slider.onchange = () => onCommit(slider.valueAsNumber)
  again.onclick = () => { seed++; draw() }
  return {
    // Shows the posterior of what is started from at a temperature.
    open(temperature) {
      if (temperature !== slider.valueAsNumber) slider.value = temperature
      draw()
    },
    get temperature() { return slider.valueAsNumber },
  }
}
