// Things that take the server a while: a resource that is not ready answers 202 with the job that makes it.
const AGAIN_MS = 400

// `who` tells this page from others, so that nobody's Cancel stops what another one waits for.
export const who = Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, '0')).join('')

// Resolves to the answer once it is ready, to null when `cancelled()`; rejects with the server's sentence.
// `jobUrl(id)` tells how a job stands; `onWait` hears of each step: { job, state, share, doing, left, before, preview }.
export async function ready(url, jobUrl, { onWait = () => {}, cancelled = () => false } = {}) {
  const address = `${url}${url.includes('?') ? '&' : '?'}who=${who}`
  for (;;) {
    const answer = await fetch(address)
    if (cancelled()) return null
    if (answer.status !== 202) {
      if (!answer.ok) throw new Error(await answer.text())
      return answer
    }
    let job = await answer.json()
    while (job.state === 'queued' || job.state === 'running') {
      onWait(job)
      await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
      if (cancelled()) { leave(jobUrl(job.job)); return null }
      const told = await fetch(jobUrl(job.job))
      if (!told.ok) break                      // forgotten: ask for the resource anew
      job = await told.json()
    }
    // Asking for the resource again would start a job that failed once more; one that somebody else cancelled is
    // wanted here all the same.
    if (job.state === 'failed') throw new Error(job.error)
    if (cancelled()) return null
  }
}

// This page no longer waits for a job; it goes on if another page does.
export const leave = jobUrl => fetch(jobUrl.replace('?', '/leave?'), { method: 'POST' }).catch(() => {})

export const timeLeft = seconds => {
  if (seconds === null || seconds === undefined) return ''
  if (seconds < 1.5) return 'a moment left'
  return seconds < 90 ? `about ${Math.round(seconds)} s left` : `about ${Math.round(seconds / 60)} min left`
}
