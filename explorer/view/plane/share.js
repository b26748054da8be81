// Take the view along: its address, the Python that makes the image, the map as a picture.
import { saveMap } from './save.js'

// `view` gives what is shown now, null while there is nothing to save.
export function createShare(root, { python, view }) {
  const part = name => root.querySelector(`[data-part=${name}]`)
  let fading = 0
  const say = text => {
    part('share-note').textContent = text
    clearTimeout(fading)
    fading = setTimeout(() => { part('share-note').textContent = '' }, 4000)
  }
  // Where a page may not write to the clipboard (plain http in a class), the text is shown to be copied by hand.
  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(text)
      say(`${what} copied`)
    } catch {
      const box = Object.assign(document.createElement('textarea'), { value: text, readOnly: true, className: 'lx-copy', rows: Math.min(8, text.split('\n').length) })
      root.querySelector('.lx-copy')?.remove()
      part('share').append(box)
      box.select()
      say('Copy this text')
    }
  }
  part('copy-link').onclick = () => copy(location.href, 'Link')
  part('copy-python').onclick = async () => {
    const answer = await fetch(python())
    if (answer.ok) copy(await answer.text(), 'Python')
    else say(await answer.text())
  }
  async function save(format) {
    const now = view()
    if (!now) return
    try {
      await saveMap(root, format, now)
      say('Map saved')
    } catch (error) {
      say(`The map could not be saved. ${error.message}`)
    }
  }
  part('save-png').onclick = () => save('png')
  part('save-svg').onclick = () => save('svg')
}
