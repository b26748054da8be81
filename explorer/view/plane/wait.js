// What is shown over the map while the server prepares something: how far it is, the time left, and a way out.
import { leave, timeLeft } from '../js/waiting.js'
import { jobUrl } from '../js/address.js'

export function createWait(root) {
  const part = name => root.querySelector(`[data-part=${name}]`)
  const waits = []          // what is waited for; the newest is shown
  const show = () => {
    const top = waits.at(-1), said = top?.said
    part('waiting').hidden = !said
    if (!said) return
    part('waiting-title').textContent = top.title
    part('waiting-share').value = said.share
    const ahead = said.before === 1 ? '1 other job first' : `${said.before} other jobs first`
    part('waiting-words').textContent = said.state === 'queued' && said.before ? `Waiting: ${ahead}`
      : [said.doing, `${Math.round(100 * said.share)} %`, timeLeft(said.left)].filter(Boolean).join(' · ')
  }
  part('waiting-cancel').onclick = () => {
    const top = waits.at(-1)
    if (!top) return
    leave(jobUrl(top.said.job))
    top.done()
    top.onCancel()
  }
  return {
    // One thing that is waited for; what is said of it after its end is not heard. `onCancel` is called when the person
    // does not want to wait.
    begin(title, onCancel) {
      const one = {
        title, onCancel, said: null, ended: false,
        step(said) { if (!one.ended) { one.said = said; show() } },
        done() { one.ended = true; waits.splice(0, waits.length, ...waits.filter(other => other !== one)); show() },
      }
      waits.push(one)
      return one
    },
  }
}
