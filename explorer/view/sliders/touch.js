// A finger on a slider: across the page it means the slider, along the page it scrolls. Browsers set the value where a finger
// comes down, before that is known; `busy` says that such a value does not count.
const SLOP = 6
// A finger that comes down so soon after the page rolled stops the page; one that stays longer than a tap holds on to nothing.
const ROLLING_MS = 100, TAP_MS = 500

let rolled = -ROLLING_MS
addEventListener('scroll', ({ timeStamp }) => { rolled = timeStamp }, { capture: true, passive: true })

// Which way a finger goes that has moved so far: '' while it may still be a tap.
export function wayOf(dx, dy) {
  if (Math.hypot(dx, dy) < SLOP) return ''
  return Math.abs(dx) > Math.abs(dy) ? 'across' : 'along'
}

// `onSlide(x)` hears where on the screen the finger slides to or taps, `onEnd` that it is done.
export function listenTouch(slider, { onSlide, onEnd }) {
  let from = null, since = 0, way = ''
  slider.addEventListener('touchstart', ({ touches, timeStamp }) => {
    from = { clientX: touches[0].clientX, clientY: touches[0].clientY }
    since = timeStamp
    way = touches.length > 1 || timeStamp - rolled < ROLLING_MS ? 'along' : ''
  }, { passive: true })
  slider.addEventListener('touchmove', event => {
    const [{ clientX, clientY }] = event.touches
    way ||= wayOf(clientX - from.clientX, clientY - from.clientY)
    if (way !== 'across') return
    event.preventDefault()       // from here on the page does not scroll
    onSlide(clientX)
  }, { passive: false })
  const end = ({ type, timeStamp }) => {
    const tapped = !way && type === 'touchend' && timeStamp - since < TAP_MS
    if (tapped) onSlide(from.clientX)
    if (tapped || way === 'across') onEnd()
    from = null
  }
  slider.addEventListener('touchend', end)
  slider.addEventListener('touchcancel', end)
  return { get busy() { return from !== null } }
}
