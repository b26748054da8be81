// The keys of the map: arrows walk (Shift takes larger steps), Enter keeps, Escape returns, + and - zoom.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const STEP_PIXELS = 6, STEP_LARGE = 40
export const ZOOM = 1.6

// `onWalk(dx, dy)` gets a step in pixels; nothing is heard while not `awake()`.
export function listenKeys(element, { awake, onWalk, onKeep, onEscape, onZoom }) {
  element.addEventListener('keydown', event => {
    if (!awake() || event.target !== element) return
    const arrow = ARROWS[event.key], step = event.shiftKey ? STEP_LARGE : STEP_PIXELS
    if (arrow) onWalk(arrow[0] * step, arrow[1] * step)
    else if (event.key === 'Enter') onKeep()
    else if (event.key === 'Escape') onEscape()
    else if (event.key === '+' || event.key === '=') onZoom(ZOOM)
    else if (event.key === '-') onZoom(1 / ZOOM)
    else return
    event.preventDefault()
  })
}
