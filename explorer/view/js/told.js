// What a component has told the page and the page has not yet answered. Until it has, the component's own value stands: an
// update that was on its way takes nothing back. What was not answered yet is told again with what comes next, because of two
// messages in a hurry the page may hear the second alone.
const ANSWERED_MS = 3000
// What is chosen takes the place of what was chosen before, whichever it was.
const CHOSEN = ['row', 'place', 'own']

const textOf = value => (value === null || value === undefined ? '' : String(value))

export function createTold(send) {
  const waiting = new Map()         // name -> { text, since }
  let later = 0
  return {
    // `changes` are properties of the view by name; null puts one back. While a slider is dragged they stand at once, and
    // the page hears of them when nothing more was told for `rest` ms.
    tell(changes, rest = 0) {
      if (CHOSEN.some(name => name in changes)) for (const name of CHOSEN) waiting.delete(name)
      for (const [name, text] of Object.entries(changes)) waiting.set(name, { text: textOf(text), since: performance.now() })
      clearTimeout(later)
      const now = () => send('commit', Object.fromEntries([...waiting].map(([name, { text }]) => [name, text])))
      if (rest) later = setTimeout(now, rest)
      else now()
    },
    // Which of `names` an update sets to something else than `state` has; `state` then has it.
    heard(data, state, names) {
      for (const [name, { text, since }] of waiting) {
        if (textOf(data[name]) === text || performance.now() - since > ANSWERED_MS) waiting.delete(name)
      }
      const changed = names.filter(name => !waiting.has(name) && data[name] !== state[name])
      for (const name of changed) state[name] = data[name]
      return changed
    },
    // Whether the page has not answered yet what it was told of a property.
    waits: name => waiting.has(name),
    close() { clearTimeout(later) },
  }
}
