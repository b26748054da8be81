// A row of buttons of which one is on: a radio group, with the arrow keys that belong to it.
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

// `box` holds buttons with a `data-value`; `onChoose(value)` hears of a choice. Returns { set(value) }.
export function createSegments(box, onChoose) {
  const buttons = [...box.querySelectorAll('button')]
  box.setAttribute('role', 'radiogroup')
  function set(value) {
    for (const button of buttons) {
      const on = button.dataset.value === value
      button.setAttribute('aria-checked', String(on))
      button.tabIndex = on ? 0 : -1
    }
  }
  const choose = button => { set(button.dataset.value); onChoose(button.dataset.value) }
  for (const [at, button] of buttons.entries()) {
    button.type = 'button'
    button.setAttribute('role', 'radio')
    button.onclick = () => choose(button)
    button.onkeydown = event => {
      if (!STEPS[event.key]) return
      const next = buttons[(at + STEPS[event.key] + buttons.length) % buttons.length]
      choose(next)
      next.focus()
      event.preventDefault()
    }
  }
  return { set }
}
