// What was moved, and back again: pure values, so that they can be tested.

// Digits of a value in the address.
const DIGITS = 6

// "3:1.25,7:-0.5" as a Map of dimensions (from 0) to values, and back.
export const parseMoves = text => new Map(text ? text.split(',').map(part => {
  const [number, value] = part.split(':')
  return [number - 1, +value]
}) : [])
export const formatMoves = moves => [...moves].sort(([a], [b]) => a - b)
  .map(([dimension, value]) => `${dimension + 1}:${plain(value)}`).join(',')
export const plain = value => String(+value.toFixed(DIGITS))

// The largest value that the address takes.
export const LARGEST = 99999

// A number as people write it, with a point or a comma and any minus; NaN for other words.
export function readNumber(text) {
  const plainly = text.trim().replace(/[−–]/g, '-').replace(',', '.')
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plainly) ? +plainly : NaN
}

// A round step of a slider, some 300 to 3000 of them from end to end.
export const stepOf = (low, high) => 10 ** Math.floor(Math.log10(Math.max(high - low, 1e-6) / 300))

// A range of whole steps that holds `low`, `high` and a value that may lie beyond them.
export function spanning(low, high, value) {
  const step = stepOf(low, high), whole = (bound, round) => +(round(bound / step) * step).toFixed(DIGITS)
  return [whole(Math.min(low, value), Math.floor), whole(Math.max(high, value), Math.ceil)]
}

// Which of `count` dimensions (from 0) a person looks for: "3", "3, 7", "10-20", all numbered from 1; null for other words.
export function wanted(text, count) {
  const found = new Set()
  for (const part of text.split(',').map(each => each.trim()).filter(Boolean)) {
    const match = /^z?(\d{1,5})(?:\s*[-–]\s*z?(\d{1,5}))?$/i.exec(part)
    if (!match) return null
    const first = +match[1], last = +(match[2] ?? first)
    for (let number = first; number <= Math.min(last, count); number++) if (number > 0) found.add(number - 1)
  }
  return found
}

// Undo and redo over entries that are told apart by what `key` gives.
export function createHistory(key = JSON.stringify, most = 200) {
  let past = [], future = []
  return {
    get canUndo() { return past.length > 0 },
    get canRedo() { return future.length > 0 },
    // `entry` is what was there before a change to something else.
    push(entry) {
      if (past.length && key(past.at(-1)) === key(entry)) return
      past = [...past, entry].slice(-most)
      future = []
    },
    undo(now) { future.push(now); return past.pop() },
    redo(now) { past.push(now); return future.pop() },
    clear() { past = []; future = [] },
  }
}
