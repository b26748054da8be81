// A button beside "Draw" and "Upload" on the card of the original: another image of the data set, at random.
import { element } from './dom.js'

// `total()` is how many images there are; `onRow(row)` hears of the one that came up.
export function offerAnother({ card }, total, onRow) {
  const button = Object.assign(element('button', 'lx-button', 'Another'), { type: 'button', title: 'Another image of the data set, at random' })
  button.onclick = () => onRow(Math.floor(Math.random() * total()))
  card.querySelector('.lx-pad-tools').prepend(button)
}
