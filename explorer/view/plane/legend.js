// The classes of a map as chips: a click hides or shows one, a double click shows it alone, and once more brings all back.
import { classColour } from '../js/theme.js'

export function createLegend(box, onChange) {
  let visible = []
  const only = c => visible.every((on, other) => on === (other === c))
  const refresh = () => {
    [...box.children].forEach((chip, c) => chip.setAttribute('aria-pressed', visible[c]))
    onChange()
  }
  const legend = {
    get visible() { return visible },
    get someHidden() { return !visible.every(Boolean) },
    // Choices stay while the classes stay the same, so that models can be compared on a few of them.
    open({ classes, noun }) {
      if (visible.length !== classes.length) visible = classes.map(() => true)
      box.replaceChildren(...classes.map((name, c) => {
        const chip = document.createElement('button')
        chip.type = 'button'
        chip.className = 'lx-chip'
        chip.style.setProperty('--colour', classColour(c))
        chip.textContent = name
        chip.title = `${noun} ${name}: click to hide or show, double-click to show it alone`
        let before = null
        chip.onclick = event => {
          if (event.detail > 1) return        // the second half of a double click
          before = visible.slice()
          visible = visible.map((on, other) => (other === c ? !on : on))
          if (!visible.some(Boolean)) visible = visible.map(() => true)
          refresh()
        }
        chip.ondblclick = () => {
          visible = before
          visible = only(c) ? visible.map(() => true) : visible.map((_, other) => other === c)
          refresh()
        }
        return chip
      }))
      refresh()
    },
    all() { visible = visible.map(() => true); refresh() },
    enable(on) { for (const chip of box.children) chip.disabled = !on },
  }
  return legend
}
