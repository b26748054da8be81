// A latent for the eye: its numbers, bars of many, or the codes of a VQ-VAE; and how far it is to be trusted.
import { element, say } from './dom.js'
import { number, subscript } from './words.js'

// Above this many dimensions numbers become bars.
const NUMBERS = 8
// Larger grids of codes are shown as colours alone.
const CODES_WITH_NUMBERS = 8

// A VQ-VAE's latent is a grid of code numbers, laid out as the image is.
export function showCodes(box, grid) {
  const table = element('div', 'lx-codes')
  table.style.setProperty('--columns', grid[0].length)
  const largest = Math.max(1, ...grid.flat())
  for (const code of grid.flat()) {
    const cell = element('span', 'lx-code', grid.length <= CODES_WITH_NUMBERS ? code : '')
    cell.style.setProperty('--hue', 360 * code / (largest + 1))
    cell.title = `code ${code}`
    table.append(cell)
  }
  box.replaceChildren(table, element('span', 'lx-note', `${grid.length} × ${grid[0].length} codes, by number`))
}

export function showLatent(box, z, sigma) {
  if (z.length <= NUMBERS) {
    box.replaceChildren()
    z.forEach((value, index) => {
      const chip = element('span', 'lx-number')
      chip.append(element('span', 'lx-dim', `z${subscript(index + 1)}`), document.createTextNode(number(value, 3)))
      if (sigma) {
        chip.append(element('span', 'lx-sigma', ` ± ${sigma[index].toPrecision(2)}`))
        chip.title = 'Mean and standard deviation of the posterior q(z|x); the ellipses on the map are 1 and 2 σ'
      }
      box.append(chip)
    })
    return
  }
  const largest = Math.max(1e-6, ...z.map(Math.abs))
  let bars = box.querySelector('.lx-bars')
  if (bars?.children.length !== z.length) {         // hundreds of them: made once, then refilled
    bars = element('div', 'lx-bars')
    bars.append(...z.map(() => element('span', 'lx-bar')))
    box.replaceChildren(bars, element('span', 'lx-note'))
  }
  z.forEach((value, index) => {
    const bar = bars.children[index]
    bar.classList.toggle('lx-negative', value < 0)
    bar.style.setProperty('--share', Math.abs(value) / largest)
    bar.title = `z${subscript(index + 1)} = ${number(value, 3)}`
  })
  say(bars.nextSibling, `${z.length} dimensions, largest |z| ${number(largest)}`)
}
