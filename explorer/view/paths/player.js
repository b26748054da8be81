// The player: one way, moving. It knows only a share of the way in [0, 1]; what lies there is drawn by who listens.
import { mark, partsOf, say } from '../js/dom.js'

// Seconds of one pass at speed 1.
const SECONDS = 4
const SPEEDS = { 0.25: '¼×', 0.5: '½×', 1: '1×', 2: '2×', 4: '4×' }
const MODES = { loop: 'Loop', bounce: 'There and back', once: 'Once' }
const MARKUP = `
  <figure class="lx-card" data-part="card" data-kind="generated">
    <figcaption class="lx-title" data-part="title">Generated</figcaption>
    <canvas class="lx-pixels" data-part="image" data-testid="decoded" width="28" height="28" role="img"></canvas>
    <div class="lx-player-words" data-part="words" role="status">&nbsp;</div>
    <div class="lx-note" data-part="stands">&nbsp;</div>
  </figure>
  <input type="range" min="0" max="1000" value="0" step="1" data-part="share" aria-label="Place on the way" title="Drag to walk; arrow keys step">
  <div class="lx-player-row">
    <button type="button" class="lx-button lx-play" data-part="play" title="Play or pause (Space)" aria-label="Play">▶</button>
    <label title="How fast it plays">Speed <select data-part="speed" aria-label="Speed">${Object.entries(SPEEDS).map(([value, title]) => `<option value="${value}"${value === '1' ? ' selected' : ''}>${title}</option>`).join('')}</select></label>
    <label title="What happens at the end"><select data-part="mode" aria-label="At the end">${Object.entries(MODES).map(([value, title]) => `<option value="${value}">${title}</option>`).join('')}</select></label>
  </div>
  <div class="lx-player-row lx-save" role="group" aria-label="Save this way">
    <a class="lx-button" data-part="gif" download title="This way as an animated GIF, at this speed">GIF</a>
    <button type="button" class="lx-button" data-part="png" title="The images of this way side by side with model, way and ends, as one PNG">PNG strip</button>
    <a class="lx-button" data-part="csv" download title="The latents of all steps, with model, way and ends, as CSV">CSV</a>
  </div>`

// An image of a GIF stands about so long, and so many are decoded from end to end at least and at most.
const FRAME_MS = 80, FEWEST = 24, MOST = 120
// How many images a GIF of a way of `steps` steps has between two of them, and how long each stands: { between, ms }.
export function gifOf(steps, speed) {
  const whole = 1000 * SECONDS / speed, wanted = Math.min(MOST, Math.max(FEWEST, whole / FRAME_MS))
  const between = Math.ceil(wanted / (steps - 1)) - 1, frames = (steps - 1) * (between + 1)
  return { between, ms: Math.max(20, Math.round(whole / frames)) }
}

// The next share after `seconds`, and the direction then: { share, direction, playing }.
export function advanced({ share, direction, mode, speed }, seconds) {
  const next = share + direction * seconds * speed / SECONDS
  if (next >= 0 && next <= 1) return { share: next, direction, playing: true }
  if (mode === 'once') return { share: next > 1 ? 1 : 0, direction: 1, playing: false }
  if (mode === 'loop') return { share: next > 1 ? next - Math.floor(next) : 1 + next - Math.ceil(next), direction, playing: true }
  const folded = next > 1 ? 2 - next : -next
  return { share: Math.min(1, Math.max(0, folded)), direction: -direction, playing: true }
}

// `onShare(share)` hears of every place, `onSpeed()` of another speed or end, `onRest(share)` when a hand let go.
export function createPlayer(box, { onShare, onSpeed, onRest }) {
  box.innerHTML = MARKUP
  const part = partsOf(box)
  let share = 0, direction = 1, playing = false, before = 0
  const speed = () => Number(part('speed').value), mode = () => part('mode').value

  function put(next) {
    share = next
    part('share').value = Math.round(1000 * share)
    onShare(share)
  }
  function turn(on) {
    playing = on
    part('play').textContent = playing ? '❚❚' : '▶'
    part('play').setAttribute('aria-label', playing ? 'Pause' : 'Play')
    box.dataset.playing = playing
    if (!playing) return
    // Played again from its end, a way starts anew.
    if (mode() === 'once' && share >= 1) share = 0
    if (mode() !== 'bounce') direction = 1
    before = performance.now()
    requestAnimationFrame(frame)
  }
  function frame(now) {
    if (!playing) return
    const next = advanced({ share, direction, mode: mode(), speed: speed() }, Math.max(0, now - before) / 1000)
    before = now
    direction = next.direction
    put(next.share)
    if (next.playing) requestAnimationFrame(frame)
    else turn(false)
  }
  part('play').onclick = () => turn(!playing)
  part('share').oninput = () => { turn(false); put(part('share').value / 1000) }
  part('share').onchange = () => onRest(share)
  for (const name of ['speed', 'mode']) part(name).onchange = onSpeed
  return {
    part,
    get share() { return share },
    get playing() { return playing },
    get mode() { return mode() },
    get speed() { return speed() },
    put,
    pause() { turn(false) },
    toggle() { turn(!playing) },
    // What is shown: where on the way, how it stands, and whether it is an image that was encoded.
    say(words, stands, image) {
      say(part('words'), words)
      say(part('stands'), stands)
      mark(part('card'), 'kind', image ? 'reconstruction' : 'generated')
      say(part('title'), image ? 'Reconstruction' : 'Generated')
    },
  }
}
