// A grid of codes that can be painted: with a pointer (also quickly: no cell on the way is left out), or with the keyboard.
import { element, eventsOf, mark } from '../js/dom.js'

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }

// `grid` is [rows, columns]; `dress(node, code)` shows a code in a cell. `onStroke(cell, phase)` hears 'start', 'move', and 'end'
// without a cell; `onPick(cell)` of Alt-click and P; `onAim(cell | null)` of the cell under the pointer or the focus.
// It ends with `signal`.
export function createCodeMap(host, [rows, columns], { name, dress, onStroke, onPick, onAim }, signal) {
  const cells = []
  let shown = [], kept = [], at = 0
  host.style.setProperty('--columns', columns)
  host.ariaLabel = `${name}, ${rows} rows of ${columns} codes. Arrows move, Enter or Space paints, P picks up the code.`
  host.replaceChildren(...Array.from({ length: rows }, (_, row) => {
    const line = element('div', 'lx-code-row')
    line.setAttribute('role', 'row')
    for (let column = 0; column < columns; column++) {
      const cell = element('div', 'lx-cell')
      cell.setAttribute('role', 'gridcell')
      cell.tabIndex = cells.length ? -1 : 0
      cells.push(cell)
      line.append(cell)
    }
    return line
  }))
  const describe = cell => {
    const [row, column] = [Math.floor(cell / columns) + 1, cell % columns + 1]
    return `Row ${row}, column ${column}: code ${shown[cell]}${kept[cell] ? ', kept' : ''}`
  }
  host.onkeydown = event => {
    const step = ARROWS[event.key]
    if (step) {
      const row = Math.floor(at / columns) + step[0], column = at % columns + step[1]
      if (row >= 0 && row < rows && column >= 0 && column < columns) cells[row * columns + column].focus()
    } else if (event.key === 'Enter' || event.key === ' ') { onStroke(at, 'start'); onStroke(null, 'end') }
    else if (event.key.toLowerCase() === 'p' && !event.ctrlKey && !event.metaKey) onPick(at)
    else return
    event.preventDefault()
  }
  host.addEventListener('focusin', event => {
    const cell = cells.indexOf(event.target)
    if (cell < 0) return
    cells[at].tabIndex = -1
    cells[at = cell].tabIndex = 0
    // A cell that was clicked has the focus too, but there it is the pointer that aims.
    if (event.target.matches(':focus-visible')) onAim(cell)
  }, { signal })
  host.addEventListener('focusout', () => onAim(null), { signal })
  listenStrokes(host, [rows, columns], { onStroke, onPick, onAim }, signal)

  return {
    describe,
    show(codes, keptCells = []) {
      codes.forEach((code, cell) => {
        if (shown[cell] === code && Boolean(kept[cell]) === Boolean(keptCells[cell])) return
        shown[cell] = code
        kept[cell] = Boolean(keptCells[cell])
        dress(cells[cell], code)
        mark(cells[cell], 'code', String(code))
        cells[cell].toggleAttribute('data-kept', kept[cell])
        cells[cell].ariaLabel = cells[cell].title = describe(cell)
      })
    },
    // How much each cell surprises, 0 to 1; null for none.
    tint(shares) { cells.forEach((cell, k) => cell.style.setProperty('--surprise', shares ? shares[k] : 0)) },
  }
}

// Strokes over an element that is divided into cells: also over the decoded image itself.
export function listenStrokes(host, [rows, columns], { onStroke, onPick, onAim }, signal) {
  let last = null
  const placeOf = ({ clientX, clientY }) => {
    const box = host.getBoundingClientRect()
    return [(clientX - box.left) / box.width * columns, (clientY - box.top) / box.height * rows]
  }
  const cellOf = ([x, y]) => (x >= 0 && x < columns && y >= 0 && y < rows ? Math.floor(y) * columns + Math.floor(x) : null)
  const between = (from, to) => {
    const steps = Math.max(1, Math.ceil(4 * Math.hypot(to[0] - from[0], to[1] - from[1])))
    return Array.from({ length: steps }, (_, k) => cellOf([0, 1].map(i => from[i] + (to[i] - from[i]) * (k + 1) / steps)))
  }
  host.addEventListener('pointerdown', event => {
    const place = placeOf(event), cell = cellOf(place)
    if (event.button > 0 || cell === null) return
    if (event.altKey) { onPick(cell); event.preventDefault(); return }
    host.setPointerCapture(event.pointerId)
    last = place
    onStroke(cell, 'start')
  }, { signal })
  host.addEventListener('pointermove', event => {
    onAim(cellOf(placeOf(event)))
    if (!last) return
    for (const one of eventsOf(event)) {
      const place = placeOf(one)
      for (const cell of between(last, place)) if (cell !== null) onStroke(cell, 'move')
      last = place
    }
  }, { signal })
  const end = () => { if (last) { last = null; onStroke(null, 'end') } }
  host.addEventListener('pointerup', end, { signal })
  host.addEventListener('pointercancel', end, { signal })
  host.addEventListener('pointerleave', () => onAim(null), { signal })
}
