// Class and style apart: samples as every class, the style of one image as every class, and two classes mixed, live.
import { channelUrl } from '../js/address.js'
import { offerAnother } from '../js/another.js'
import { createCard } from '../js/card.js'
import { openChannel } from '../js/channel.js'
import { element, partsOf, say } from '../js/dom.js'
import { canvasBlob, download } from '../js/download.js'
import { createGallery } from '../js/gallery.js'
import { watchLook } from '../js/look.js'
import { createSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { classColour, themeOf } from '../js/theme.js'

const SEEDS = 1_000_000_000
// Mixes that are shown at once, both ends included.
const STEPS = 9
// Classes beside each other; more of them take more rows.
const STRIP = 5
const SETTINGS = ['seed', 'style', 'mix']
// A slider at rest this long asks what is read in the mix.
const REST_MS = 200

const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-kinds')
  if (!mounted.has(root)) mounted.set(root, createKinds(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

export const parseMix = text => { const [from, to, share] = text.split(',').map(Number); return { from, to, share } }
export const weightsOf = ({ from, to, share }, classes) => {
  const weights = Array(classes).fill(0)
  weights[from] += 1 - share
  weights[to] += share
  return weights
}

function createKinds(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const look = watchLook(root, part('cross'), {}, life.signal)
  // One channel each: what is asked for one picture must not take the place of what is asked for another.
  const channels = Object.fromEntries(['cross', 'strip', 'steps', 'mixed'].map(name =>
    [name, openChannel(channelUrl(), open => { if (name === 'mixed') root.dataset.connected = open })]))
  const cross = createGallery(part('cross'), { label: 'Every class (down) in every style (across)', onPick: i => pickStyle(i % shown.z.length) })
  const strip = createGallery(part('strip'), { label: 'One style as every class', onPick: i => set({ mix: textOf({ ...mix(), from: i, share: 0 }) }) })
  const steps = createGallery(part('steps'), { label: 'Steps between two classes', onPick: i => set({ mix: textOf({ ...mix(), share: i / (STEPS - 1) }) }) })
  const mixed = createCard('generated', 'Generated')
  mixed.canvas.dataset.testid = 'mixed'
  part('mixed').append(mixed.figure)
  const subject = createSubject(part('subject'), {
    onCommit: ownStyle,
    onFault: words => fault(words),
  }, life.signal)
  offerAnother(subject, () => shown.total, row => ownStyle({ row }))
  let shown = null, state = null, original = null, rest = 0, generation = 0, saved = null
  const before = [], pending = new Set()        // what Undo brings back; pictures that are on their way

  const mix = () => parseMix(state.mix)
  const textOf = ({ from, to, share }) => `${from},${to},${+share.toFixed(2)}`
  // Another original: its style is the one that is drawn.
  function ownStyle(picture) { state = { ...state, style: '' }; told.tell({ ...picture, style: '' }) }
  const fault = words => { part('fault').hidden = !words; say(part('fault'), words) }
  const style = () => (state.style === '' ? original?.z : shown.z[Math.min(+state.style, shown.z.length - 1)])

  function update(data) {
    const last = shown, changed = key => !last || JSON.stringify(data[key]) !== JSON.stringify(last[key])
    const moved = ['model', 'dataset', 'count'].some(changed), other = changed('subject'), fresh = changed('z')
    shown = data
    look.follow()
    if (moved) state = Object.fromEntries(SETTINGS.map(key => [key, data[key]]))
    else told.heard(data, state, SETTINGS.filter(key => key !== 'mix' || !saved))
    if (moved) { before.length = 0; names() }
    fill()
    if (moved || fresh) drawCross()
    if (moved || other) openSubject()
    else if (!saved) drawStyle()
  }
  function names() {
    part('row-names').replaceChildren(...shown.classes.map((name, i) => {
      const label = element('span', '', name)
      label.style.setProperty('--colour', classColour(i))
      return label
    }))
    for (const end of ['from', 'to']) {
      part(end).replaceChildren(...shown.classes.map((name, value) => Object.assign(element('option', '', name), { value })))
    }
  }
  async function openSubject() {
    const mine = ++generation
    try {
      const found = await subject.open(shown, shown.subject)
      if (mine !== generation || !found) return
      original = found
      fault('')
      drawStyle()
    } catch (error) { if (mine === generation) fault(error.message) }
  }

  // --- settings -------------------------------------------------------------------------------------------------------
  function set(changes, remember = true) {
    if (remember) before.push({ ...(saved ?? state) })
    saved = null
    state = { ...state, ...changes }
    fill()
    drawStyle()
    told.tell(changes)
  }
  function fill() {
    const { from, to, share } = mix()
    part('seed').value = state.seed
    part('from').value = from
    part('to').value = to
    part('share').value = share
    say(part('share-said'), `${Math.round(100 * share)} %`)
    part('undo').disabled = !before.length
    part('of-original').hidden = state.style === ''
    say(part('style-title'), state.style === '' ? 'The style of the original, as every class' : `The style of column ${+state.style + 1}, as every class`)
    markColumn()
  }
  function pickStyle(column) { if (state.style !== String(column)) set({ style: String(column) }) }
  part('of-original').onclick = () => set({ style: '' })
  part('seed').onchange = () => {
    const seed = Number(part('seed').value)
    if (part('seed').value !== '' && Number.isInteger(seed) && seed >= 0 && seed < SEEDS) set({ seed })
    else fill()
  }
  part('reseed').onclick = () => set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % SEEDS })
  part('undo').onclick = () => { const last = before.pop(); if (last) set(last, false) }
  for (const end of ['from', 'to']) part(end).onchange = () => set({ mix: textOf({ ...mix(), [end]: Number(part(end).value) }) })
  part('share').oninput = () => {
    saved ??= { ...state }
    state = { ...state, mix: textOf({ ...mix(), share: Number(part('share').value) }) }
    fill()
    drawMix()
  }
  part('share').onchange = () => set({ mix: textOf({ ...mix(), share: Number(part('share').value) }) })

  // --- images ---------------------------------------------------------------------------------------------------------
  function asked(name, request, show) {
    const { model } = shown
    pending.add(name)
    root.dataset.ready = 'false'
    channels[name].ask({ kind: 'latent', model, ...request }, answer => {
      pending.delete(name)
      root.dataset.ready = !pending.size
      if (!answer.n) { fault(answer.said.error); return }
      if (model === shown.model) show(answer, [answer.height, answer.width, answer.channels])
    })
  }
  function drawCross() {
    const { z, classes } = shown, columns = z.length, n = columns * classes.length
    const each = Array.from({ length: n }, (_, i) => [i % columns, Math.floor(i / columns)])
    asked('cross', { z: each.map(([column]) => z[column]), labels: each.map(([, label]) => label) }, ({ pixels }, shape) => {
      const titles = each.map(([column, label]) => `${classes[label]} in the style of column ${column + 1}`)
      cross.show({ n, shape, pixels, columns, fixed: true, names: titles })
      markColumn()
    })
  }
  function markColumn() {
    const columns = shown.z.length, chosen = state.style === '' ? -1 : Math.min(+state.style, columns - 1)
    ;[...part('cross').querySelectorAll('.lx-option')].forEach((option, i) => option.classList.toggle('lx-in-column', i % columns === chosen))
  }
  function drawStyle() {
    const z = style()
    if (!z) return
    const { classes } = shown, own = original && original.label !== null ? classes[original.label] : ''
    say(part('style-words'), state.style === ''
      ? `The encoder was told ${own} and put the rest of the image into the latent; the decoder draws that latent as every class. Choose one: the mix below starts from it.`
      : `The latent of column ${+state.style + 1}, drawn as every class. Choose one: the mix below starts from it.`)
    asked('strip', { z: classes.map(() => z), labels: classes.map((_, label) => label) }, ({ n, pixels }, shape) =>
      strip.show({ n, shape, pixels, columns: Math.ceil(n / Math.ceil(n / STRIP)), fixed: true,
        names: classes.map(name => `as ${name}`), tags: classes }))
    drawSteps(z)
    drawMix()
  }
  function drawSteps(z) {
    const each = Array.from({ length: STEPS }, (_, i) => ({ ...mix(), share: i / (STEPS - 1) }))
    asked('steps', { z: each.map(() => z), weights: each.map(one => weightsOf(one, shown.classes.length)) }, ({ n, pixels }, shape) => {
      const percent = each.map(({ share }) => `${Math.round(100 * share)} %`)
      steps.show({ n, shape, pixels, columns: n, fixed: true, names: percent.map(one => `${one} of the class at the right end`), tags: percent })
    })
  }
  function drawMix() {
    clearTimeout(rest)
    askMix(false)
    rest = setTimeout(() => askMix(true), REST_MS)
  }
  // Its image at once; what is read in it once the slider rests.
  function askMix(detail) {
    const z = style()
    if (!z) return
    const now = mix(), { dataset, count, projection, classes } = shown, percent = Math.round(100 * now.share)
    const where = detail ? { dataset, count, projection, detail, neighbours: 1 } : {}
    asked('mixed', { z: [z], weights: [weightsOf(now, classes.length)], ...where }, ({ pixels, said }, shape) => {
      const words = now.from === now.to ? `all ${classes[now.from]}` : `${100 - percent} % ${classes[now.from]}, ${percent} % ${classes[now.to]}`
      const looks = said.reads === undefined ? '' : `; looks like ${classes[said.reads]}, ${Math.round(100 * said.sure)} % sure`
      mixed.show(pixels, shape, words + looks)
      mixed.canvas.dataset.mix = textOf(now)
    })
  }

  // The table as a picture with the names of its rows.
  part('save').onclick = async () => {
    const { classes } = shown, theme = themeOf(root), scale = 2, left = 90, head = 30
    const source = cross.canvas, made = document.createElement('canvas'), context = made.getContext('2d')
    made.width = left + scale * source.width
    made.height = head + scale * source.height
    context.fillStyle = theme.background
    context.fillRect(0, 0, made.width, made.height)
    context.imageSmoothingEnabled = false
    context.drawImage(source, left, head, scale * source.width, scale * source.height)
    context.fillStyle = theme.text
    context.font = `14px ${theme.font}`
    context.fillText(`${shown.model}, seed ${state.seed}: rows are classes, columns latents`, 8, 20)
    context.textAlign = 'right'
    context.textBaseline = 'middle'
    const row = scale * source.height / classes.length
    classes.forEach((name, i) => context.fillText(name, left - 8, head + (i + 0.5) * row, left - 12))
    download(await canvasBlob(made), `${shown.model}-classes-seed-${state.seed}.png`)
  }

  return {
    update,
    close() {
      generation++
      clearTimeout(rest)
      life.abort()
      for (const channel of Object.values(channels)) channel.close()
      for (const gallery of [cross, strip, steps]) gallery.close()
      mounted.delete(root)
    },
  }
}
