// Denoise: noise while a slider is dragged, and what becomes of it.
import { at, channelUrl } from '../js/address.js'
import { offerAnother } from '../js/another.js'
import { openChannel } from '../js/channel.js'
import { mark, partsOf, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { drawPlot } from '../js/plot.js'
import { createSegments } from '../js/segments.js'
import { createSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { number } from '../js/words.js'

const TELL_MS = 200               // the page hears of a slider that has come to rest
const OWNED = ['noise', 'amount', 'seed']
const SHOWN = { noisy: 'With noise', denoised: 'Denoised by the model', median: 'Filtered by the median' }
const NAMES = { gaussian: 'Gaussian', 'salt-and-pepper': 'salt-and-pepper', masking: 'masking' }
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-denoise')
  if (!mounted.has(root)) mounted.set(root, createDenoise(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createDenoise(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open })
  const state = { noise: 'gaussian', amount: 0.5, seed: 0 }
  const subject = createSubject(part('subject'), { onCommit: picture => told.tell(picture), onFault: fault }, life.signal)
  offerAnother(subject, () => view.total, row => told.tell({ row }))
  const look = watchLook(root, part('curve'), {}, life.signal)
  const kinds = createSegments(part('noise'), noise => set({ noise }))
  let view = null, curve = null, asked = 0

  function fault(words) { say(part('fault'), words); part('fault').hidden = !words }
  const db = value => (value === null ? 'no error' : `${number(value, 1)} dB`)

  function update(data) {
    const before = view
    view = data
    look.follow()
    told.heard(data, state, OWNED)
    const differs = (...keys) => keys.some(key => !before || before[key] !== data[key])
    if (differs('model', 'dataset', 'count', 'projection', 'subject', 'label')) {
      curve = null
      fault('')
      subject.open(view, view.subject).catch(error => fault(error.message))
    }
    show()
  }
  function set(changes) {
    Object.assign(state, changes)
    show()
    told.tell(changes, TELL_MS)
  }
  function show() {
    kinds.set(state.noise)
    part('amount').value = state.amount
    // What is being typed stays: an answer of the page may come between two keys.
    if (part('seed') !== document.activeElement) part('seed').value = state.seed
    say(part('amount-says'), number(state.amount))
    part('amount').ariaValueText = `${number(state.amount)}`
    const { noise, amount, seed } = state
    const request = { kind: 'noise', model: view.model, dataset: view.dataset, count: view.count, at: view.subject, noise, amount, seed }
    channel.ask(view.label === null ? request : { ...request, label: view.label }, answer => {
      if (answer.said.error) return fault(answer.said.error)
      const size = answer.height * answer.width * answer.channels
      Object.keys(SHOWN).forEach((name, k) => {
        paint(part(name), answer.pixels.subarray(k * size, (k + 1) * size), answer.height, answer.width, answer.channels)
        say(part(`${name}-words`), db(answer.said.psnr[k]))
        part(name).ariaLabel = `${SHOWN[name]}: ${db(answer.said.psnr[k])}`
      })
      mark(root, 'amount', String(amount))
      mark(root, 'noise', `${noise} ${seed}`)
      say(part('words'), lost(noise, amount) ?? verdict(answer.said.psnr))
      root.dataset.ready = 'true'
      drawCurve()
    })
    askCurve()
  }
  // Words for an amount that leaves nothing of the image, where decibels compare nothing.
  function lost(noise, amount) {
    if (amount < 1 || noise === 'gaussian') return null
    return 'Nothing is left of the image: there is nothing to clean from, and what the model draws is what it makes of '
      + (noise === 'masking' ? 'an empty image.' : 'noise alone.')
  }
  function verdict([noisy, denoised, median]) {
    if (noisy === null) return 'Without noise there is nothing to clean: what the model still gets wrong is its reconstruction error.'
    const gain = denoised - median, apart = value => `${number(Math.abs(value), 1)} dB`
    const than = Math.abs(gain) < 0.05 ? 'as good as' : `${apart(gain)} ${gain > 0 ? 'better' : 'worse'} than`
    const beside = denoised < noisy ? 'below the noisy image: it does more harm than the noise' : 'above the noisy image'
    return `The model is ${than} the median filter here, and ${apart(denoised - noisy)} ${beside}.`
  }
  async function askCurve() {
    const { noise, seed } = state, [model, dataset, subject] = [view.model, view.dataset, view.subject].map(encodeURIComponent)
    const label = view.label === null ? '' : `&label=${view.label}`
    const question = `${model}/${dataset}?count=${view.count}&at=${subject}&noise=${noise}&seed=${seed}${label}`
    if (curve?.question === question) return
    const mine = ++asked
    curve = { question }
    const answer = await fetch(at(`denoising/${question}`)), text = await answer.text()
    if (mine !== asked) return
    if (!answer.ok) return fault(text)
    curve = { question, ...JSON.parse(text) }
    const { trained } = curve
    say(part('trained'), trained
      ? `This model was trained to clean ${NAMES[trained.noise]} noise of ${number(trained.amount)}.`
      : 'This model was never shown noise: it was trained to give back what it sees, so it cleans only because it can draw nothing '
        + 'but what it knows.')
    drawCurve()
  }
  function drawCurve() {
    if (!curve?.amounts) return
    const line = (name, tone, dashed) => ({
      points: curve.amounts.map((amount, k) => [amount, curve[name][k]]).filter(([, value]) => value !== null), tone: `lx-tone-${tone}`, dashed,
    })
    const lines = [line('noisy', 'noisy', true), line('median', 'median', true), line('denoised', 'denoised')]
    const values = lines.flatMap(({ points }) => points.slice(1).map(([, value]) => value))
    // The noisy image is nearly without error at first: what matters lies below.
    const top = Math.min(Math.max(...values), Math.max(...lines[1].points.concat(lines[2].points).map(([, value]) => value)) + 6)
    const range = [Math.floor(Math.min(...values)) - 1, Math.ceil(top) + 1]
    for (const one of lines) one.points = one.points.filter(([, value]) => value <= range[1])
    const { trained } = curve
    const here = trained?.noise === state.noise ? trained.amount : null
    const marks = [{ x: state.amount, tone: 'lx-tone-here', words: here === state.amount ? 'now, as trained with' : 'now' }]
    if (here !== null && here !== state.amount) marks.push({ x: here, tone: 'lx-tone-trained', dashed: true, words: 'trained with', line: 1 })
    drawPlot(part('curve'), {
      x: { range: [0, 1], title: `amount of ${NAMES[state.noise]} noise` }, y: { range, title: 'PSNR in dB' }, lines, marks,
      label: `PSNR over the amount of noise: at ${number(state.amount)} the model has ${part('denoised-words').textContent}, `
        + `the median filter ${part('median-words').textContent}.`,
    })
  }

  part('amount').oninput = event => set({ amount: Number(event.target.value) })
  const seedOf = text => Math.min(999999999, Math.max(0, Math.floor(Number(text) || 0)))
  part('seed').onchange = event => {
    set({ seed: seedOf(event.target.value) })
    event.target.value = state.seed
  }
  part('again').onclick = () => set({ seed: seedOf(state.seed + 1) })
  return { update, close() { life.abort(); channel.close(); told.close() } }
}
