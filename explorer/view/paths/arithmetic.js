// Vector arithmetic: A + s (mean of X - mean of Y), with the strength s live.
import { element, partsOf, say } from '../js/dom.js'
import { paint } from '../js/images.js'
import { className, number } from '../js/words.js'
import { REACH, shareOf, strengthOf } from './ask.js'

const card = (name, title, kind) => `<figure class="lx-small-card lx-term" data-kind="${kind}"><canvas class="lx-pixels" data-part="${name}" width="28" height="28" role="img" aria-label="${title}"></canvas><figcaption data-part="${name}-title">${title}</figcaption></figure>`
const MARKUP = `
  <h3>Vector arithmetic</h3>
  <p class="lx-note">The mean latent of a group X minus that of a group Y is a direction. Add it to A and see what it means. Groups are classes, or shapes that you drew and kept on the map page.</p>
  <div class="lx-sum">
    <label title="The group whose mean is added">X <select data-part="plus" aria-label="Group X, added"></select></label>
    <span>−</span>
    <label title="The group whose mean is taken away">Y <select data-part="minus" aria-label="Group Y, taken away"></select></label>
    <button type="button" class="lx-button" data-part="clear" title="Put the arithmetic away">Clear</button>
  </div>
  <div class="lx-equation" data-part="equation" hidden>
    ${card('term-a', 'A', 'original')}<span aria-hidden="true">+</span>
    <label class="lx-strength" title="How much of the difference is added; below 0 it is taken away">strength <output data-part="strength-words"></output>
      <input type="range" min="${-REACH}" max="${REACH}" step="0.02" data-part="strength" aria-label="Strength"></label>
    <span aria-hidden="true">× (</span>${card('term-x', 'mean of X', 'generated')}<span aria-hidden="true">−</span>${card('term-y', 'mean of Y', 'generated')}<span aria-hidden="true">) =</span>
    ${card('term-sum', 'result', 'generated')}
  </div>`

// `onGroups({ plus, minus })` when groups were chosen, `onStrength(share)` while the slider moves, `onRest(strength)` when it
// was let go.
export function createArithmetic(box, { onGroups, onStrength, onRest }) {
  box.innerHTML = MARKUP
  const part = partsOf(box)
  const choose = () => onGroups({ plus: part('plus').value, minus: part('minus').value })
  for (const name of ['plus', 'minus']) part(name).onchange = choose
  part('clear').onclick = () => { part('plus').value = part('minus').value = ''; choose() }
  part('strength').oninput = () => { words(); onStrength(shareOf(Number(part('strength').value))) }
  part('strength').onchange = () => onRest(Number(part('strength').value))
  const words = () => say(part('strength-words'), number(Number(part('strength').value)))

  return {
    // What can be chosen, and what is: all images, the classes of the points (null while they come), and the kept `groups`,
    // [{ text, title }].
    show({ plus, minus, groups }, points) {
      const classes = points?.about.classes.map((name, k) => ({ text: `class:${k}`, title: className(points.about, k) })) ?? []
      const known = [{ text: '', title: 'choose' }, { text: 'all', title: 'all images' }, ...classes, ...groups]
      const titleOf = text => known.find(one => one.text === text)?.title ?? 'a drawn shape'
      for (const [name, chosen] of [['plus', plus], ['minus', minus]]) {
        const offered = known.some(({ text }) => text === chosen) ? known : [...known, { text: chosen, title: titleOf(chosen) }]
        part(name).replaceChildren(...offered.map(({ text, title }) => Object.assign(element('option', '', title), { value: text })))
        part(name).value = chosen
      }
      part('equation').hidden = !(plus && minus)
      part('clear').disabled = !plus && !minus
      for (const [name, chosen] of [['x', plus], ['y', minus]]) {
        say(part(`term-${name}-title`), `mean of ${titleOf(chosen)}`)
        part(`term-${name}`).ariaLabel = `Decoded mean of ${titleOf(chosen)}`
      }
    },
    // The strip of the arithmetic: its last two images are the decoded means.
    fill({ said, images }) {
      const [high, wide, channels] = said.shape
      for (const [name, at] of [['term-x', -2], ['term-y', -1]]) paint(part(name), images.at(at), high, wide, channels)
    },
    original(canvas) {
      const own = part('term-a')
      Object.assign(own, { width: canvas.width, height: canvas.height })
      own.getContext('2d').drawImage(canvas, 0, 0)
    },
    put(share) {
      if (document.activeElement !== part('strength')) part('strength').value = strengthOf(share)
      words()
    },
    result(pixels, height, width, channels) { paint(part('term-sum'), pixels, height, width, channels) },
  }
}
