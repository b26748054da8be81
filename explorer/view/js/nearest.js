// The nearest real images: buttons, so that a keyboard reaches them; kept and refilled, so that nothing jumps.
import { element } from './dom.js'
import { classColour } from './theme.js'
import { className, number, rowName } from './words.js'

// `onPick(row)` hears of a press.
export function createNearest(list, onPick) {
  let about = null, images = null

  return {
    // `about` describes the data set, `images` are its pictures.
    open(nextAbout, nextImages) { about = nextAbout; images = nextImages },
    // `neighbours` are { row, label, distance }, the nearest first.
    show(neighbours) {
      while (list.children.length > neighbours.length) list.lastChild.remove()
      while (list.children.length < neighbours.length) list.append(button())
      neighbours.forEach(({ row, label, distance }, index) => {
        const one = list.children[index], [canvas, name, note] = one.children
        one.dataset.row = row
        one.title = `${rowName(about, row)}, ${number(distance)} away in latent space: click to go there`
        one.setAttribute('aria-label', `${className(about, label)}, ${one.title}`)
        name.textContent = about.classes[label]
        name.style.borderColor = classColour(label)
        note.textContent = number(distance)
        images.paint(canvas, row)
      })
    },
  }
  function button() {
    const made = element('button', 'lx-thumb')
    made.type = 'button'
    made.append(element('canvas', 'lx-pixels'), element('span', 'lx-thumb-label'), element('span', 'lx-thumb-note'))
    made.onclick = () => onPick(+made.dataset.row)
    return made
  }
}
