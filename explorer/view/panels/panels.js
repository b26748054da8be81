// The same image in every model: one cursor over all maps. One request brings what all of them make of it.
import { channelUrl } from '../js/address.js'
import { offerAnother } from '../js/another.js'
import { openChannel } from '../js/channel.js'
import { mark, partsOf, say } from '../js/dom.js'
import { download } from '../js/download.js'
import { paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { eachInside, indexPoints, nearestPoint } from '../js/points.js'
import { createSubject } from '../js/subject.js'
import { createTold } from '../js/told.js'
import { strokeText } from '../paths/ask.js'
import { createPanel } from './panel.js'
import { panelsPicture } from './picture.js'
import { groupOf, spoken } from './said.js'

const FROM = ['model', 'dataset', 'count', 'projection']
const MOST_UNDONE = 50, SPEAK_MS = 700
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-panels')
  if (!mounted.has(root)) mounted.set(root, createPanels(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createPanels(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController(), told = createTold(setTriggerValue), faults = new Map()
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open })
  const look = watchLook(root, part('grid'), {}, life.signal)
  const subject = createSubject(part('subject'), {
    onCommit: picture => choose({ model: home, ...picture }), onFault: words => fault(words, 'subject'),
    onDrawing: drawing => { pointed = { model: home, drawing }; ask() },
    onEnd: () => { pointed = null; ask() },
  }, life.signal)
  offerAnother(subject, () => given.total, row => choose({ model: home, row }))
  const panels = new Map(), undone = []
  let given = null, home = '', at = '', lit = ''      // what is kept: the text `at` of a subject, in the model `home`
  let pointed = null, speaking = 0

  function fault(words, source) {
    if (words) faults.set(source, words)
    else faults.delete(source)
    say(part('fault'), [...faults.values()].join(' '))
    part('fault').hidden = !faults.size
  }

  // --- what is chosen -----------------------------------------------------------------------------------------------
  const before = () => ({ model: home, ...changesOf(at), panels: given.panels.map(one => one.model).join(','), lit })
  function changesOf(text) {
    const cut = text.indexOf(':')
    return { [text.slice(0, cut)]: text.slice(cut + 1) }
  }
  function choose(changes, { silent = false } = {}) {
    if (!silent) { undone.push(before()); undone.splice(0, undone.length - MOST_UNDONE); part('undo').disabled = false }
    const kind = ['row', 'place', 'own'].find(name => name in changes)
    if (kind) { home = changes.model; at = `${kind}:${changes[kind]}`; showHome() }
    if ('lit' in changes) { lit = changes.lit; light() }
    told.tell(changes)
  }
  function undo() {
    const last = undone.pop()
    part('undo').disabled = !undone.length
    if (last) choose(last, { silent: true })
  }

  function update(data) {
    const last = given, changed = key => !last || JSON.stringify(data[key]) !== JSON.stringify(last[key])
    given = data
    look.follow()
    if (changed('panels') || changed('aligned')) showPanels(changed('aligned'))
    if (changed('home') || changed('subject')) { home = data.home; at = data.subject; pointed = null }
    if (changed('lit')) lit = data.lit
    showHome()
    light()
  }
  function showPanels(aligned) {
    const names = given.panels.map(one => one.model), together = given.aligned === 'umap'
    // Laid out together, all maps are others, which are there when all of them are.
    const views = given.panels.map(one => (together ? { ...one, projection: 'umap', together: names.join(','), made: false } : one))
    for (const [name, panel] of panels) if (!names.includes(name)) { panel.close(); panels.delete(name) }
    const lead = views[0], was = root.dataset.lead, key = FROM.map(name => lead[name]).join(' ')
    const anew = aligned || was !== key
    mark(root, 'lead', key)
    for (const one of views) if (!panels.has(one.model)) panels.set(one.model, made(one.model))
    views.forEach((one, k) => {
      const panel = panels.get(one.model)
      if (part('grid').children[k] !== panel.item) part('grid').insertBefore(panel.item, part('grid').children[k] ?? null)
      panel.show(one, panels.get(lead.model), given.aligned, anew)
      panel.removable(names.length > given.fewest)
    })
  }
  function made(model) {
    const from = next => (next.row === undefined ? `place:${next.place.map(value => Number(value.toFixed(4))).join(',')}` : `row:${next.row}`)
    return createPanel({
      onPoint: next => { pointed = next && { model, at: from(next) }; ask() },
      onPick: next => { pointed = null; choose({ model, ...changesOf(from(kept(model, next))) }) },
      onStroke: places => {
        if (places.length < 3) say(part('lit-words'), 'Three corners at least enclose something.')
        else choose({ lit: `${model}:${strokeText(places)}` })
      },
      onRemove: () => remove(model),
      onReady: () => { ask(); light() },
    })
  }
  // A place of a map that was laid out with others means nothing on the model's own: the nearest image is kept.
  function kept(model, next) {
    const { view, loaded: points } = panels.get(model)
    if (!view.together || next.row !== undefined) return next
    return { row: points.row[nearestPoint(points, indexPoints(points), next.place, [1, 1]).i] }
  }
  function remove(model) {
    const names = given.panels.map(one => one.model).filter(name => name !== model)
    choose({ panels: names.join(','), ...(groupOf(lit)?.model === model || given.aligned === 'umap' ? { lit: '' } : {}) })
    panels.get(names[0]).item.querySelector('.lx-minimap').focus()
  }

  // --- the image ------------------------------------------------------------------------------------------------------
  let opened = ''
  function showHome() {
    for (const [name, panel] of panels) panel.home(name === home)
    const view = given.panels.find(one => one.model === home)
    if (view) {
      const key = [...FROM.map(name => view[name]), at].join(' ')
      if (opened !== key) {
        opened = key
        fault('', 'subject')
        subject.open({ ...view, label: given.label }, at).catch(error => fault(error.message, 'subject'))
      }
    }
    ask()
  }
  const viewOf = ({ model, dataset, count, projection }) => ({ model, dataset, count, projection })
  // All models whose maps are there; the others join as soon as theirs are.
  function ask() {
    const { model, ...start } = pointed ?? { model: home, at }, from = panels.get(model)?.view
    const together = Boolean(from?.together)
    if (!from?.made || (together && [...panels.values()].some(panel => !panel.view.made))) return
    const others = [...panels.values()].map(panel => panel.view).filter(view => view.made && view.model !== model)
    const asked = [from, ...others].map(viewOf), label = given.label === null ? {} : { label: given.label }
    const what = `${model} ${start.at ?? 'drawing'}`
    mark(root, 'asked', what)
    channel.ask({ kind: 'transfer', ...asked[0], to: asked.slice(1), together, ...start, ...label }, answer => show(answer, asked, what))
  }
  function show({ said, pixels, height, width, channels }, asked, what) {
    fault(said.error ?? '', 'ask')
    if (said.error) return
    const bytes = height * width * channels, shape = [height, width, channels]
    paint(part('through'), pixels.subarray(0, bytes), ...shape)
    mark(part('through-card'), 'kind', said.decoded ? 'generated' : 'original')
    say(part('through-words'), said.words[0].toUpperCase() + said.words.slice(1))
    part('through').ariaLabel = `Goes through all models: ${said.words}`
    said.models.forEach((one, k) => {
      const panel = panels.get(one.model), view = panel?.view
      if (!view || FROM.some(name => view[name] !== asked[k][name])) return
      panel.tell(one, pixels.subarray((k + 1) * bytes, (k + 2) * bytes), shape, said.models)
    })
    mark(root, 'shown', what)
    mark(root, 'ready', String([...panels.values()].every(panel => panel.loaded && panel.said)))
    clearTimeout(speaking)
    speaking = setTimeout(() => say(part('spoken'), spoken(
      [...panels.values()].filter(panel => panel.said).map(panel => ({ title: panel.view.title, said: panel.said })))), SPEAK_MS)
  }

  // --- groups -----------------------------------------------------------------------------------------------------------
  // The rows within a shape that was drawn on one map light up on all.
  function light() {
    const group = groupOf(lit), from = group && panels.get(group.model), points = from?.loaded, rows = []
    if (points) eachInside(points, indexPoints(points), group.corners, i => { rows.push(points.row[i]) })
    for (const [name, panel] of panels) {
      panel.light(points ? rows : null)
      panel.outline(points && name === group.model ? group.corners : null)
    }
    part('all').hidden = !group
    const words = rows.length ? `${rows.length.toLocaleString('en')} images lit in all panels.` : 'No image lies within the drawn line.'
    say(part('lit-words'), points ? words : '')
  }

  part('all').onclick = () => choose({ lit: '' })
  part('undo').onclick = undo
  root.addEventListener('keydown', event => {
    if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.target.tagName === 'INPUT') return
    event.preventDefault()
    undo()
  }, { signal: life.signal })
  part('save').onclick = async () => {
    try {
      const shown = given.panels.map(one => panels.get(one.model)).filter(panel => panel.said)
      download(await panelsPicture(root, part('through'), part('through-words').textContent, shown), 'same-image.png')
    } catch (error) { fault(`The picture could not be made. ${error.message}`, 'save') }
  }
  return {
    update,
    close() {
      life.abort()
      clearTimeout(speaking)
      told.close()
      channel.close()
      for (const panel of panels.values()) panel.close()
    },
  }
}
