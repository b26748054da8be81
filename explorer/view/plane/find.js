// Search by class or by number, answered by the server: a single image is kept, several light up on the map and are told, to
// be part of the address. What was asked at another `moment()`, of another map, is not heard, nor what was asked before.
import { parseHead } from '../js/binary.js'

// The address follows what is told within this time; until then it may still say what was told before.
const FOLLOWS_MS = 3000

export function createFind(form, { url, moment, onOne, onLit, onTell }) {
  const input = form.querySelector('[data-part=find-text]'), note = form.querySelector('[data-part=find-note]')
  let words = '', positions = null, asked = 0          // what is lit, and the number of the last search
  let told = null, since = 0                           // what the address is about to say
  function light(text, found, said) {
    asked++
    words = text
    positions = found
    note.textContent = said
    onLit()
  }
  const tell = (text, how) => { told = text; since = performance.now(); how(text) }
  async function seek(text, byHand) {
    const mine = ++asked, when = moment(), heard = () => mine === asked && when === moment()
    try {
      const answer = await fetch(url(text))
      if (!answer.ok) throw new Error(await answer.text())
      const buffer = await answer.arrayBuffer(), { n, said, at } = parseHead(buffer)
      if (!heard()) return
      const found = new Uint32Array(buffer, at, n), single = byHand && n === 1
      light(single ? '' : text, single ? null : found, said.words)
      if (single) tell('', () => onOne(found[0]))
      else if (byHand) tell(text, onTell)
    } catch (error) {
      if (!heard()) return
      light('', null, error.message)
      if (byHand) tell('', onTell)
    }
  }
  const clear = () => { light('', null, ''); tell('', onTell) }
  input.addEventListener('input', () => { if (!input.value) clear() })
  form.addEventListener('submit', event => {
    event.preventDefault()
    const text = input.value.trim()
    if (!text) clear()
    else if (moment() !== null) seek(text, true)
  })
  return {
    get positions() { return positions },
    // What the address asks for; nothing to do where that is what is lit.
    follow(text) {
      if (told !== null && text !== told && performance.now() - since < FOLLOWS_MS) return
      told = null
      if (text === words) return
      input.value = text
      light(text, null, '')
      if (text) seek(text, false)
    },
    forget() { input.value = ''; light('', null, '') },
  }
}
