// What a component tells its page: properties of the view as texts, those of a moment together.
const TOGETHER_MS = 60
// The script has answered by then; until then the address may still say what was told before.
const ANSWERED_MS = 1500

export function createTeller(setTriggerValue) {
  let pending = {}, timer = 0, last = -Infinity
  return {
    tell(changes) {
      Object.assign(pending, changes)
      last = performance.now()
      clearTimeout(timer)
      timer = setTimeout(() => { const told = pending; pending = {}; setTriggerValue('commit', told) }, TOGETHER_MS)
    },
    // Whether what the page says now may be older than what was told.
    get waiting() { return performance.now() - last < ANSWERED_MS },
  }
}

// The address of another page on the same model and images, with more properties of the view.
export function pageUrl(page, { model, dataset, count, projection }, more = {}) {
  const url = new URL(`./${page}`, document.baseURI)
  url.search = new URLSearchParams({ model, dataset, count, projection, ...more })
  return url.href
}
