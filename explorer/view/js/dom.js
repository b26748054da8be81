// The page's own elements, touched as little as possible: a pointer moves sixty times a second.

// `part(name)` is the element that carries this name in the component, found once.
export function partsOf(root) {
  const known = new Map()
  return name => {
    if (!known.has(name)) known.set(name, root.querySelector(`[data-part=${name}]`))
    return known.get(name)
  }
}

// Words and marks are written only when they change: the same ones again would cost a layout.
export function say(node, words) { if (node.textContent !== words) node.textContent = words }
export function mark(node, name, value) { if (node.dataset[name] !== value) node.dataset[name] = value }

// Draws once in the next frame, however often it is asked for before.
export function eachFrame(draw) {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => { asked = false; draw() })
  }
}

// A new element with its class and its words.
export const element = (tag, className, text) => {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

// The pointer's moves since the last frame; some browsers have none to give for an event.
export function eventsOf(event) {
  const all = event.getCoalescedEvents?.() ?? []
  return all.length ? all : [event]
}
