// The paths page: two ends, the ways between them on a map and as strips of images, and a player that walks one of them. The
// page's script hears only of what was chosen.
import { channelUrl } from '../js/address.js'
import { openChannel } from '../js/channel.js'
import { element, mark, partsOf, say } from '../js/dom.js'
import { download } from '../js/download.js'
import { paint } from '../js/images.js'
import { watchLook } from '../js/look.js'
import { createMinimap } from '../js/minimap.js'
import { fetchSubject } from '../js/subject.js'
import { number } from '../js/words.js'
import { createArithmetic } from './arithmetic.js'
import { WAYS, comparison, fetched, message, shareOf, smoothed, stripsOf, strokeText, strengthOf, walkUrl } from './ask.js'
import { createEnd } from './ends.js'
import { wayPicture } from './picture.js'
import { createPlayer, gifOf } from './player.js'
import { createStrips, swatch } from './strips.js'
import { createUnder } from './under.js'

// What a person chooses here; `told` to the page as soon as nothing more has changed for so long.
const CHOSEN = ['a', 'b', 'ways', 'steps', 'stroke', 'plus', 'minus', 'strength']
const MAP = ['model', 'dataset', 'count', 'projection']
const TELL_MS = 120, ANSWERED_MS = 3000
const MOST_UNDONE = 50

const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-paths')
  if (!mounted.has(root)) mounted.set(root, createPaths(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createPaths(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController()
  // What moves has a channel of its own, so that nothing else is dropped for it.
  const channel = openChannel(channelUrl(), open => { root.dataset.connected = open })
  const aside = openChannel(channelUrl()), below = openChannel(channelUrl())
  watchLook(root, part('map'), {}, life.signal).follow()
  const faults = new Map(), undone = []
  let shown = null, given = null              // what is shown, and what the page asked for last
  let minimap = null, points = null, active = 'a'
  let playing = null                          // the strip in the player
  let answers = new Map(), loading = null     // strips by their address, and what is being fetched
  let told = 0, telling = 0, untold = {}

  function fault(sentence, source) {
    if (sentence) faults.set(source, sentence)
    else faults.delete(source)
    say(part('fault'), [...faults.values()].join(' '))
    part('fault').hidden = !faults.size
  }

  // --- what is chosen ---------------------------------------------------------------------------------------------
  // Shown at once; the page hears of it a moment later, and its answer changes nothing that is shown already.
  function choose(changes, { silent = false } = {}) {
    const before = Object.fromEntries(Object.keys(changes).map(key => [key, shown[key]]))
    if (Object.keys(changes).every(key => String(before[key]) === String(changes[key]))) return
    if (!silent) { undone.push(before); undone.splice(0, undone.length - MOST_UNDONE); part('undo').disabled = false }
    Object.assign(untold, changes)
    clearTimeout(telling)
    told = performance.now()
    telling = setTimeout(tell, TELL_MS)
    draw({ ...shown, ...changes })
  }
  function tell() {
    told = performance.now()
    setTriggerValue('commit', Object.fromEntries(Object.entries(untold).map(([key, value]) => [key, String(value)])))
    untold = {}
    // What the page could not use is shown as the page has it.
    setTimeout(() => { if (!Object.keys(untold).length && performance.now() - told > ANSWERED_MS) draw(given) }, ANSWERED_MS + 50)
  }
  function undo() {
    const before = undone.pop()
    part('undo').disabled = !undone.length
    if (before) choose(before, { silent: true })
  }
  function update(data) {
    given = data
    const same = shown && MAP.every(key => data[key] === shown[key]), waiting = same && performance.now() - told < ANSWERED_MS
    draw(waiting ? { ...data, ...Object.fromEntries(CHOSEN.map(key => [key, shown[key]])) } : data)
  }

  function draw(next) {
    const before = shown, changed = (...keys) => keys.some(key => String(next[key]) !== String(before?.[key]))
    shown = next
    const view = changed(...MAP)
    if (view) openMap()
    if (changed('steps')) { part('steps').value = shown.steps; say(part('steps-words'), String(shown.steps)) }
    if (changed('ways')) drawWays()
    if (view || changed('plus', 'minus') || !before || JSON.stringify(before.groups) !== JSON.stringify(shown.groups)) arithmetic.show(shown, points)
    for (const end of ['a', 'b']) if (view || changed(end, 'label')) showEnd(end)
    loadStrips()
    files()
  }

  // --- map and ends -----------------------------------------------------------------------------------------------
  const under = createUnder(below, () => ({ ...shown, points }))
  async function openMap() {
    minimap?.close()
    points = null
    under.point(null)
    const mine = minimap = createMinimap(part('map'), {
      view: shown, tip: under.tip, onPoint: under.point, label: 'Map of latents: what is picked becomes the end in hand',
      onPick: ({ row, place }) => choose({ [active]: row === undefined ? `place:${place.map(value => Number(value.toFixed(4))).join(',')}` : `row:${row}` }),
      onStroke: places => { wanted = `${shown.model} drawn`; choose({ stroke: strokeText(places) }); player.pause() },
    })
    const found = await mine.ready
    if (mine !== minimap || !found) return
    points = found
    for (const end of Object.values(ends)) end.open(points)
    arithmetic.show(shown, points)
    for (const end of ['a', 'b']) showEnd(end)
    drawLines()
  }
  const ends = Object.fromEntries(['a', 'b'].map(end => [end, createEnd(part(`end-${end}`), end.toUpperCase(), {
    onChoose: text => choose({ [end]: text }),
    onActive: () => take(end),
    isActive: () => active === end,
    onFault: sentence => fault(sentence, end),
    check: text => fetchSubject(shown, text),
  }, life.signal)]))
  function take(end) {
    active = end
    for (const one of ['a', 'b']) ends[one].active(one === end)
  }
  const asked = {}
  async function showEnd(end) {
    const text = shown[end], mine = asked[end] = {}
    try {
      const subject = await fetchSubject(shown, text)
      if (mine !== asked[end]) return
      fault('', end)
      ends[end].show(text, subject)
      minimap?.dot(end, subject.place, end.toUpperCase())
      if (points) minimap?.reveal([subject.place])
      decodeEnds()
    } catch (error) {
      if (mine === asked[end]) fault(`${end.toUpperCase()}: ${error.message}`, end)
    }
  }
  // An end without an image of its own shows what the first strip begins or ends with.
  function decodeEnds() {
    const way = shown.ways.split(',')[0], answer = answers.get(walkUrl(shown, { model: shown.model, way }))
    if (answer) {
      ends.a.decoded(answer.images[0], answer.said.shape)
      ends.b.decoded(answer.images.at(-1), answer.said.shape)
    }
    arithmetic.original(part('end-a').querySelector('canvas'))
  }

  // --- ways and strips --------------------------------------------------------------------------------------------
  function drawWays() {
    const chosen = shown.ways.split(',')
    part('ways').replaceChildren(...['linear', 'slerp', 'density'].map(name => {
      const button = element('button', 'lx-chip lx-way-chip'), on = chosen.includes(name)
      Object.assign(button, { type: 'button', title: WAYS[name].help, onclick: () => {
        const next = Object.keys(WAYS).filter(one => (one === name ? !on : chosen.includes(one)))
        if (next.length) choose({ ways: next.join(',') })
      } })
      button.dataset.way = name
      button.setAttribute('aria-pressed', on)
      button.append(swatch(WAYS[name]), document.createTextNode(WAYS[name].title))
      return button
    }), ...(shown.stroke ? [dropStroke()] : []))
  }
  function dropStroke() {
    const button = Object.assign(element('button', 'lx-chip lx-way-chip'), { type: 'button', title: 'Take the drawn line away', onclick: () => choose({ stroke: '' }) })
    button.append(swatch(WAYS.drawn), document.createTextNode('Drawn ✕'))
    return button
  }
  const strips = createStrips(part('strips'), {
    onPoint: (id, share) => { if (!player.playing) play(id, share) },
    onPick: (id, share) => { play(id, share ?? 0); rest() },
  })
  const nameOf = ({ way, model }) => (shown.beside.length ? `${WAYS[way].title} in ${shown.titles[model] ?? model}` : WAYS[way].title)
  let wanted = null                           // the strip that shall be played as soon as it is there

  async function loadStrips() {
    loading?.abort()
    const mine = loading = new AbortController(), list = stripsOf(shown)
    strips.open(list, shown.titles)
    drawWays()
    const kept = new Map()
    await Promise.all(list.map(async strip => {
      const url = walkUrl(shown, strip)
      try {
        if (!answers.has(url)) strips.waiting(strip.id)
        const answer = answers.get(url) ?? await fetched(url, mine.signal)
        if (mine.signal.aborted) return
        kept.set(url, answer)
        answers.set(url, answer)
        strips.fill(strip.id, answer)
        if (strip.way === 'shift' && strip.model === shown.model) { arithmetic.fill(answer); showSum() }
        filled(strip)
      } catch (error) {
        if (!mine.signal.aborted) strips.fault(strip.id, error.message || 'The server could not be reached.')
      }
    }))
    if (mine.signal.aborted) return
    answers = kept
    decodeEnds()
    drawLines()
    say(part('compare'), comparison(strips.filled.filter(({ strip }) => strip.way !== 'shift').map(({ strip, said }) => ({ name: nameOf(strip), said }))))
    root.dataset.ready = 'true'
  }
  // Which strip is in the player: the one that was asked for, else the one that was there, else the first.
  function filled(strip) {
    const list = stripsOf(shown), there = id => list.some(one => one.id === id)
    if (wanted && !there(wanted)) wanted = null
    const next = wanted ?? (playing && there(playing) ? playing : list[0].id)
    if (strip.id === next) play(next, next === playing ? player.share : strip.way === 'shift' ? shareOf(shown.strength) : 0)
    if (strip.id === wanted) wanted = null
    decodeEnds()
  }
  // The map belongs to the chosen model: its ways are drawn there.
  function drawLines() {
    if (!minimap) return
    for (const way of Object.keys(WAYS)) {
      const said = strips.said(`${shown.model} ${way}`)
      if (said?.places) minimap.path(way, placesOf(said), WAYS[way])
      else minimap.clear(way)
    }
    const mixed = strips.filled.some(({ said }) => said.exact === false)
    mark(part('map'), 'mixed', String(mixed))
    say(part('place-words'), mixed ? 'This map has no formula: ways lie among their nearest training images, smoothed, so that the thin lines are only rough.' : '')
    drawDot()
  }
  // A way that is placed among its neighbours jumps on the map, though it is smooth in latent space.
  const placesOf = said => (said.exact ? said.places : said.drawn ??= smoothed(said.places))

  // --- player -----------------------------------------------------------------------------------------------------
  const player = createPlayer(part('player'), { onShare: look, onSpeed: files, onRest: rest })
  function play(id, share) {
    const other = id !== playing
    playing = id
    player.put(share)
    if (other) files()
  }
  const strip = () => stripsOf(shown).find(one => one.id === playing)
  // What lies at a share of the way in the player.
  function look(share) {
    const one = strip(), said = one && strips.said(one.id)
    if (!one) return
    strips.mark(one.id, share)
    drawDot()
    if (one.way === 'shift') arithmetic.put(share)
    if (said) describe(one, said, share)
    channel.ask(message(shown, one, share), ({ n, height, width, channels, pixels, said: answer }) => {
      fault(answer.error ?? '', 'channel')
      if (!n) return
      const canvas = player.part('image')
      paint(canvas, pixels, height, width, channels)
      canvas.dataset.share = share.toFixed(4)
      canvas.dataset.strip = one.id
      canvas.dataset.z = answer.z.map(value => value.toFixed(3)).join(',')
      canvas.dataset.source = answer.source
      if (one.way === 'shift' && one.model === shown.model) arithmetic.result(pixels, height, width, channels)
    })
  }
  function describe(one, said, share) {
    const step = share * (said.distance.length - 1), near = Math.round(step)
    const where = one.way === 'shift' ? `strength ${number(strengthOf(share))}` : `step ${number(step + 1, Number.isInteger(step) ? 0 : 1)} of ${said.distance.length}`
    player.say(`${nameOf(one)}, ${where}`, said.why[near], isImage(one, share))
    player.part('image').ariaLabel = `Decoded image: ${nameOf(one)}, ${where}`
  }
  // Whether what is decoded there is an image that was encoded.
  function isImage({ way }, share) {
    const end = way === 'shift' ? (share === 0.5 ? 'a' : '') : way === 'drawn' ? '' : share === 0 ? 'a' : share === 1 ? 'b' : ''
    return Boolean(end) && /^(row|own):/.test(shown[end])
  }
  function drawDot() {
    const said = playing && strips.said(playing)
    if (!minimap || !said?.places || !playing.startsWith(`${shown.model} `)) { minimap?.clear('moving'); return }
    const places = placesOf(said), at = player.share * (places.length - 1), low = Math.min(places.length - 2, Math.floor(at)), share = at - low
    minimap.dot('moving', [0, 1].map(k => (1 - share) * places[low][k] + share * places[low + 1][k]), 'moving')
  }
  // Let go of: what belongs to the address goes there.
  function rest() { if (strip()?.way === 'shift') choose({ strength: Number(strengthOf(player.share).toFixed(2)) }, { silent: true }) }
  function files() {
    const one = strip()
    if (!one) return
    const gif = { ...gifOf(shown.steps, player.speed), loop: player.mode === 'once' ? 0 : 1, bounce: player.mode === 'bounce' ? 1 : 0 }
    player.part('gif').href = walkUrl(shown, one, 'walk.gif', gif)
    player.part('csv').href = walkUrl(shown, one, 'walk.csv')
  }
  async function savePicture() {
    const one = strip(), said = one && strips.said(one.id)
    if (!said) return
    const named = { shift: ['a'], drawn: [] }[one.way] ?? ['a', 'b']
    try {
      const picture = await wayPicture(root, {
        title: shown.titles[one.model] ?? one.model, cells: strips.cells(one.id), subtitle: `${WAYS[one.way].title}, ${said.distance.length} steps`,
        notes: [...named.map(end => `${end.toUpperCase()}: ${ends[end].words}.`), 'Below each image: in data ●, a rare image ◇, in a gap ◐ or outside ○, and how far the nearest training image is, in usual distances.'],
      })
      download(picture, `${one.model}-${one.way}.png`)
      fault('', 'picture')
    } catch (error) { fault(`The picture could not be made. ${error.message}`, 'picture') }
  }

  // The result of the arithmetic while another way is in the player.
  function showSum() {
    if (strip()?.way === 'shift') return
    arithmetic.put(shareOf(shown.strength))
    aside.ask(message(shown, { model: shown.model, way: 'shift' }, shareOf(shown.strength)), ({ n, height, width, channels, pixels }) => {
      if (n) arithmetic.result(pixels, height, width, channels)
    })
  }

  // --- arithmetic, controls ---------------------------------------------------------------------------------------
  const arithmetic = createArithmetic(part('arithmetic'), {
    onGroups: groups => { wanted = groups.plus && groups.minus ? `${shown.model} shift` : null; choose(groups) },
    onStrength: share => { player.pause(); play(`${shown.model} shift`, share) },
    onRest: strength => choose({ strength }, { silent: true }),
  })
  player.part('png').onclick = savePicture
  part('swap').onclick = () => choose({ a: shown.b, b: shown.a })
  part('undo').onclick = undo
  part('steps').oninput = () => { say(part('steps-words'), part('steps').value); choose({ steps: Number(part('steps').value) }, { silent: true }) }
  root.addEventListener('keydown', event => {
    const typing = event.target.matches('input:not([type=range]), select, textarea')
    if (event.key === ' ' && !typing && !event.target.matches('button, a, summary')) { event.preventDefault(); player.toggle() }
    else if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !typing) { event.preventDefault(); undo() }
  }, { signal: life.signal })
  take('a')

  function close() {
    loading?.abort()
    clearTimeout(telling)
    player.pause()
    life.abort()
    for (const one of [channel, aside, below]) one.close()
    minimap?.close()
  }
  return { update, close }
}
