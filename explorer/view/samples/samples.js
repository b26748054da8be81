// Samples of a model: its prior and the density fit to its encodings side by side, drawn anew as their settings move.
import { channelUrl } from '../js/address.js'
import { openChannel } from '../js/channel.js'
import { element, partsOf, say } from '../js/dom.js'
import { watchLook } from '../js/look.js'
import { createTold } from '../js/told.js'
import { number } from '../js/words.js'
import { createDrawn } from './drawn.js'
import { createPicked } from './picked.js'

const NUMBERS = [9, 16, 25, 36, 64, 100, 144, 196, 256]
const COMPONENTS = [1, 2, 3, 5, 10, 20, 40, 64]
const SEEDS = 1_000_000_000
const SAMPLERS = ['prior', 'mixture']
// Of these settings each has a control of its name; all are numbers but what is shown.
const SETTINGS = ['n', 'temperature', 'seed', 'components', 'label', 'sampler']
const IMAGES = ['model', 'dataset', 'count', 'projection']

const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-sampling')
  if (!mounted.has(root)) mounted.set(root, createSampling(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createSampling(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue)
  const look = watchLook(root, part('both'), {}, life.signal)
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open })
  let shown = null, state = null                // what the page says, and the settings as they are now
  const before = []                             // settings that Undo brings back

  const picked = createPicked(part('picked'), channel)
  const drawn = Object.fromEntries(SAMPLERS.map(sampler => [sampler, createDrawn(
    root.querySelector(`[data-sampler=${sampler}]`), sampler, {
      onPick: index => pick(sampler, index),
      onDrawn: () => { if (state.picked.startsWith(sampler)) showPicked(); rested() },
    })]))

  function update(data) {
    const first = !shown, moved = first || IMAGES.some(key => data[key] !== shown[key])
    shown = data
    look.follow()
    const names = [...SETTINGS, 'picked']
    if (moved) {
      state = Object.fromEntries(names.map(key => [key, data[key]]))
      before.length = 0
    } else told.heard(data, state, names.filter(key => key !== 'temperature' || !saved))
    if (moved) picked.open(data)
    fill()
    draw()
  }

  // --- controls -----------------------------------------------------------------------------------------------------
  const options = (select, values) => {
    const wanted = JSON.stringify(values)
    if (select.dataset.options === wanted) return
    select.dataset.options = wanted
    select.replaceChildren(...values.map(([value, name]) => Object.assign(element('option', '', name), { value })))
  }
  const known = (values, value) => [...new Set([...values, value])].sort((a, b) => a - b).map(one => [one, String(one)])
  function fill() {
    options(part('n'), known(NUMBERS, state.n))
    options(part('components'), known(COMPONENTS, state.components))
    options(part('sampler'), [['both', 'Side by side'], ...SAMPLERS.map(name => [name, shown.titles[name]])])
    options(part('label'), [['', 'each in turn'], ...shown.classes.map((name, i) => [i, name])])
    part('label-box').hidden = !shown.conditional
    part('components-box').hidden = shown.codes
    part('temperature').max = String(Math.max(2, state.temperature))
    for (const key of SETTINGS) if (document.activeElement !== part(key) || key !== 'seed') part(key).value = state[key] ?? ''
    say(part('temperature-said'), number(state.temperature))
    part('both').dataset.show = state.sampler
    part('undo').disabled = !before.length
  }
  // What was set stands in the address; what was there before can be had back.
  function set(changes, { remember = true } = {}) {
    if (Object.entries(changes).every(([key, value]) => state[key] === value)) return
    if (remember) before.push(Object.fromEntries(SETTINGS.map(key => [key, (saved ?? state)[key]])))
    saved = null
    state = { ...state, ...changes }
    fill()
    draw()
    told.tell(changes)
  }
  let saved = null                              // the settings before a slider began to move
  const valueOf = key => (key === 'sampler' ? part(key).value : part(key).value === '' ? null : Number(part(key).value))
  for (const key of ['n', 'components', 'sampler', 'label']) part(key).onchange = () => set({ [key]: valueOf(key) })
  part('temperature').oninput = () => {
    saved ??= { ...state }
    state = { ...state, temperature: valueOf('temperature') }
    fill()
    draw()
  }
  part('temperature').onchange = () => {
    const temperature = valueOf('temperature')
    state = { ...state, temperature: saved?.temperature ?? state.temperature }
    set({ temperature })
  }
  part('seed').onchange = () => {
    const seed = valueOf('seed')
    if (Number.isInteger(seed) && seed >= 0 && seed < SEEDS) set({ seed })
    else fill()
    part('seed').value = state.seed
  }
  part('reseed').onclick = () => set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % SEEDS })
  part('undo').onclick = () => { const last = before.pop(); if (last) set(last, { remember: false }); fill() }

  // --- images -------------------------------------------------------------------------------------------------------
  const visible = () => SAMPLERS.filter(sampler => state.sampler === 'both' || state.sampler === sampler)
  function draw() {
    for (const sampler of visible()) drawn[sampler].ask({ ...shown, ...state })
    showPicked()
    rested()
  }
  function rested() { root.dataset.ready = visible().every(sampler => drawn[sampler].idle) }
  function pick(sampler, index) {
    state = { ...state, picked: `${sampler}-${index}` }
    showPicked()
    told.tell({ picked: state.picked })
    // Where it is shown below the images, as on a phone.
    if (part('picked').getBoundingClientRect().top > innerHeight) part('picked').scrollIntoView({ block: 'end', behavior: 'smooth' })
  }
  // Escape puts the large one away.
  root.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !state?.picked) return
    state = { ...state, picked: '' }
    showPicked()
    told.tell({ picked: '' })
  }, { signal: life.signal })
  function showPicked() {
    const [name, index] = state.picked.split('-')
    for (const sampler of SAMPLERS) drawn[sampler].choose(sampler === name ? +index : null)
    const sample = visible().includes(name) ? drawn[name].sample(+index) : null
    picked.show(sample ? { ...sample, name: `${shown.titles[name]}, sample ${index} of seed ${state.seed}` } : null, shown)
  }

  return {
    update,
    close() {
      life.abort()
      channel.close()
      picked.close()
      for (const one of Object.values(drawn)) one.close()
      mounted.delete(root)
    },
  }
}
