// At most one question at a time; of those that come meanwhile only the newest is asked next. `work(question, current)`
// does it; `current()` tells whether a newer question waits or the whole has ended.
export function latest(work) {
  let waiting = null, busy = false, ended = false
  async function run() {
    busy = true
    while (waiting && !ended) {
      const [question] = waiting
      waiting = null
      await work(question, () => !waiting && !ended)
    }
    busy = false
  }
  return {
    ask(question) { waiting = [question]; if (!busy) run() },
    close() { ended = true },
  }
}
