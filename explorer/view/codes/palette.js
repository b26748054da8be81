// The codebook: what each code looks like, how often it is used, and which one is painted with.
import { element } from '../js/dom.js'
import { themeOf } from '../js/theme.js'

// Codes with a tile of their own; of a larger codebook the others are named by their number alone.
const TILES = 512

// One picture of all tiles, as a background for any element.
export function createTiles({ n, shape: [height, width, channels], pixels }) {
  const columns = Math.ceil(Math.sqrt(n)), rows = Math.ceil(n / columns)
  const sheet = Object.assign(document.createElement('canvas'), { width: columns * width, height: rows * height })
  const image = new ImageData(sheet.width, sheet.height)
  for (let tile = 0; tile < n; tile++) {
    const left = tile % columns * width, top = Math.floor(tile / columns) * height
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const to = 4 * ((top + y) * sheet.width + left + x), from = ((tile * height + y) * width + x) * channels
      for (let c = 0; c < 3; c++) image.data[to + c] = pixels[from + (channels > 1 ? c : 0)]
      image.data[to + 3] = 255
    }
  }
  sheet.getContext('2d').putImageData(image, 0, 0)
  const url = `url(${sheet.toDataURL()})`
  return (node, code) => {
    const share = (k, of) => (of > 1 ? 100 * k / (of - 1) : 0)
    Object.assign(node.style, {
      backgroundImage: url, backgroundSize: `${100 * columns}% ${100 * rows}%`,
      backgroundPosition: `${share(code % columns, columns)}% ${share(Math.floor(code / columns), rows)}%`,
    })
  }
}

export function createPalette({ list, chart }, { counts, order, images }, dress, onChoose) {
  const most = Math.max(1, counts[order[0]]), shown = order.slice(0, TILES), options = new Map()
  let chosen = null
  const counted = code => `used ${counts[code].toLocaleString('en')} times by ${images.toLocaleString('en')} images`
  const uses = code => (counts[code] ? counted(code) : 'dead: no image uses it')
  list.replaceChildren(...shown.map(code => {
    const option = element('div', 'lx-tile')
    option.setAttribute('role', 'option')
    option.tabIndex = -1
    option.dataset.code = code
    option.title = option.ariaLabel = `Code ${code}, ${uses(code)}`
    option.toggleAttribute('data-dead', !counts[code])
    dress(option, code)
    options.set(code, option)
    return option
  }))
  list.onclick = event => { if (event.target.dataset.code) onChoose(Number(event.target.dataset.code)) }
  list.onkeydown = event => {
    // How many tiles stand in a line depends on the width.
    const first = list.children[0], perLine = [...list.children].findIndex(tile => tile.offsetTop > first.offsetTop)
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -(perLine > 0 ? perLine : 1), ArrowDown: perLine > 0 ? perLine : 1 }[event.key]
    if (!step) return
    const to = shown.indexOf(chosen) + step
    if (to >= 0 && to < shown.length) { onChoose(shown[to]); options.get(shown[to]).focus() }
    event.preventDefault()
  }
  const place = event => {
    const box = chart.getBoundingClientRect()
    return order[Math.min(order.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * order.length)))]
  }
  chart.onclick = event => onChoose(place(event))
  chart.onpointermove = event => { const code = place(event); chart.title = `Code ${code}, ${uses(code)}; click to paint with it` }
  chart.ariaLabel = `Use of the codes, most used first: from ${most.toLocaleString('en')} times down to ${counts[order.at(-1)].toLocaleString('en')}.`

  function draw() {
    const width = chart.width = Math.round(chart.clientWidth * devicePixelRatio) || 640
    const height = chart.height = Math.round(72 * devicePixelRatio), pen = chart.getContext('2d')
    const style = getComputedStyle(chart), each = width / order.length
    order.forEach((code, k) => {
      // The root of the count: the background's codes are used hundreds of times as often as the rarest.
      const tall = counts[code] ? Math.max(2, height * Math.sqrt(counts[code] / most)) : 0
      pen.fillStyle = code === chosen ? style.getPropertyValue('--lx-generated') : style.getPropertyValue('--lx-latent')
      pen.globalAlpha = code === chosen ? 1 : 0.65
      pen.fillRect(k * each, height - tall, Math.max(1, each - (each > 3 ? 1 : 0)), tall)
      if (!counts[code]) { pen.fillStyle = themeOf(chart).text; pen.fillRect(k * each, height - 3, Math.max(1, each - 1), 3) }
    })
  }
  return {
    draw, uses,
    choose(code) {
      options.get(chosen)?.removeAttribute('aria-selected')
      if (options.has(chosen)) options.get(chosen).tabIndex = -1
      chosen = code
      const option = options.get(code)
      option?.setAttribute('aria-selected', 'true')
      if (option) option.tabIndex = 0
      draw()
    },
  }
}
