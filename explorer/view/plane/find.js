// Search by class or by number, answered by the server: a single image is kept, several light up on the map. What was asked
// at another `moment()`, of another map, is not heard.
export function createFind(form, { url, moment, onOne, onMany, onNone }) {
  const input = form.querySelector('[data-part=find-text]'), note = form.querySelector('[data-part=find-note]')
  const clear = () => { note.textContent = ''; onNone() }
  input.addEventListener('input', () => { if (!input.value) clear() })
  form.addEventListener('submit', async event => {
    event.preventDefault()
    const text = input.value.trim()
    if (!text) return clear()
    const asked = moment()
    if (asked === null) return
    try {
      const answer = await fetch(url(text))
      if (!answer.ok) throw new Error(await answer.text())
      const { positions, count, words } = await answer.json()
      if (asked !== moment()) return
      note.textContent = positions.length < count ? `${words} The first ${positions.length.toLocaleString('en')} are lit.` : words
      if (positions.length === 1) onOne(positions[0])
      else onMany(Uint32Array.from(positions))
    } catch (error) {
      onNone()
      note.textContent = error.message
    }
  })
  return { clear() { input.value = ''; note.textContent = '' } }
}
