// Many small images as one canvas; each is an option that a pointer or a key can choose.
import { element, say } from './dom.js'

// Pixels of an image left free around each.
const GAP = 1
// No image is drawn narrower than this, in pixels of the page: a finger needs more room.
const LEAST = matchMedia('(pointer: coarse)').matches ? 38 : 22

let galleries = 0

// `onPick(index)` hears a click, Enter or Space; `onPoint(index | null)` what the pointer or the keys are on.
export function createGallery(host, { label, onPick, onPoint = () => {} }) {
  const name = `lx-gallery-${++galleries}`
  const canvas = element('canvas', 'lx-pixels'), list = element('div', 'lx-options')
  canvas.ariaHidden = 'true'
  Object.assign(list, { role: 'listbox', tabIndex: 0, ariaLabel: label })
  host.classList.add('lx-gallery')
  host.replaceChildren(canvas, list)
  let shown = null, columns = 0, active = 0, picked = null

  const widest = () => Math.max(1, Math.floor((host.clientWidth || 320) / LEAST))
  const columnsFor = wanted => Math.max(1, Math.min(wanted, widest()))

  function draw() {
    const { n, shape: [height, width, channels], pixels } = shown
    const tile = { w: width + 2 * GAP, h: height + 2 * GAP }, rows = Math.ceil(n / columns)
    canvas.width = columns * tile.w
    canvas.height = rows * tile.h
    const image = new ImageData(canvas.width, canvas.height)
    for (let i = 0, from = 0; i < n; i++) {
      const left = (i % columns) * tile.w + GAP, top = Math.floor(i / columns) * tile.h + GAP
      for (let y = 0; y < height; y++) {
        let to = 4 * ((top + y) * canvas.width + left)
        for (let x = 0; x < width; x++, from += channels, to += 4) {
          image.data[to] = pixels[from]
          image.data[to + 1] = pixels[from + (channels > 1 ? 1 : 0)]
          image.data[to + 2] = pixels[from + (channels > 1 ? 2 : 0)]
          image.data[to + 3] = 255
        }
      }
    }
    canvas.getContext('2d').putImageData(image, 0, 0)
  }
  function layOut() {
    const { n, names, tags } = shown
    while (list.children.length > n) list.lastChild.remove()
    while (list.children.length < n) {
      const option = element('div', 'lx-option')
      Object.assign(option, { role: 'option', id: `${name}-${list.children.length}` })
      list.append(option)
    }
    list.style.setProperty('--columns', columns)
    names.forEach((text, i) => {
      const option = list.children[i]
      if (option.ariaLabel !== text) option.ariaLabel = option.title = text
      say(option, tags?.[i] ?? '')
    })
    active = Math.min(active, n - 1)
    mark()
  }
  function mark() {
    [...list.children].forEach((option, i) => {
      option.ariaSelected = String(i === picked)
      option.classList.toggle('lx-active', i === active)
    })
    list.setAttribute('aria-activedescendant', `${name}-${active}`)
  }
  const indexOf = event => [...list.children].indexOf(event.target.closest('.lx-option'))

  list.onclick = event => {
    const i = indexOf(event)
    if (i < 0) return
    active = i
    list.focus({ preventScroll: true })
    onPick(i)
  }
  list.onpointerover = event => { const i = indexOf(event); if (i >= 0) onPoint(i) }
  list.onpointerleave = () => onPoint(null)
  list.onkeydown = event => {
    if (!shown) return
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }
    if (event.key in steps) {
      const next = active + steps[event.key]
      if (next >= 0 && next < shown.n) active = next
    } else if (event.key === 'Home') active = 0
    else if (event.key === 'End') active = shown.n - 1
    else if (event.key === 'Enter' || event.key === ' ') onPick(active)
    else return
    event.preventDefault()
    mark()
    onPoint(active)
  }
  const sizes = new ResizeObserver(() => {
    if (!shown || shown.fixed || columnsFor(shown.columns) === columns) return
    columns = columnsFor(shown.columns)
    draw()
    layOut()
  })
  sizes.observe(host)

  return {
    // `pixels` of n images of `shape` [height, width, channels], in so many `columns` where there is room, or always where they are
    // `fixed`; `names` are what each is called, `tags` what is written upon it.
    show(next) {
      shown = next
      columns = next.fixed ? next.columns : columnsFor(next.columns)
      draw()
      layOut()
    },
    choose(index) { picked = index; if (index !== null) active = index; if (shown) mark() },
    pixelsOf(index) {
      const size = shown.shape.reduce((product, side) => product * side, 1)
      return shown.pixels.subarray(index * size, (index + 1) * size)
    },
    get canvas() { return canvas },
    close() { sizes.disconnect() },
  }
}
