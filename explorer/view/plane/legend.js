// The groups of points as chips: a click hides or shows one, a double click shows it alone, and once more brings all back.

export function createLegend(box, title, onChange) {
  let visible = [], key = ''
  const only = group => visible.every((on, other) => on === (other === group))
  const mark = () => [...box.children].forEach((chip, group) => chip.setAttribute('aria-pressed', visible[group]))
  const refresh = () => { mark(); onChange() }
  const legend = {
    get visible() { return visible },
    get someHidden() { return !visible.every(Boolean) },
    // The groups that are shown, as the address of a request names them; empty for all.
    get chosen() { return legend.someHidden ? visible.flatMap((on, group) => (on ? [group] : [])).join(',') : '' },
    // Choices stay while the groups stay the same, so that models can be compared on a few of them.
    open(colouring) {
      const now = `${colouring.key} ${colouring.groups.length}`
      if (now !== key) visible = colouring.groups.map(() => true)
      key = now
      title.textContent = colouring.key === 'label' ? '' : `${colouring.title}${colouring.unit ? `, ${colouring.unit}` : ''}`
      box.replaceChildren(...colouring.groups.map(({ name, colour }, group) => {
        const chip = document.createElement('button')
        chip.type = 'button'
        chip.className = 'lx-chip'
        chip.style.setProperty('--colour', colour)
        chip.textContent = name
        chip.title = `${colouring.title} ${name}: click to hide or show, double-click to show it alone`
        let before = null
        chip.onclick = event => {
          if (event.detail > 1) return        // the second half of a double click
          before = visible.slice()
          visible = visible.map((on, other) => (other === group ? !on : on))
          if (!visible.some(Boolean)) visible = visible.map(() => true)
          refresh()
        }
        chip.ondblclick = () => {
          visible = before
          visible = only(group) ? visible.map(() => true) : visible.map((_, other) => other === group)
          refresh()
        }
        return chip
      }))
      mark()
    },
    all() { visible = visible.map(() => true); refresh() },
    enable(on) { for (const chip of box.children) chip.disabled = !on },
  }
  return legend
}
