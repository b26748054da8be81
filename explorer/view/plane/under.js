// What lies under the points: images decoded on a grid over the view, and a layer that says how far to trust each place.
import { ready } from '../js/waiting.js'
import { jobUrl } from '../js/address.js'

// Decoded cells along the longer side of the map.
const GRID_CELLS = 22, GRID_CELLS_SMALL = 14, SMALL_PIXELS = 500

export function createUnder(root, plot, wait) {
  const scale = root.querySelector('[data-part=scale]')
  let grid = null, layer = null, layerUrl = null, drawn = '', waiting = null

  function draw(figure) {
    const pictures = [grid, layer].filter(Boolean), now = pictures.map(one => one.source.slice(-200)).join(' ')
    if (now === drawn) return
    drawn = now
    figure.background(pictures)
  }
  return {
    // What explains the layer that is on, null for none.
    get legend() { return layer?.legend ?? null },
    forget() { waiting?.done(); scale.hidden = true; [grid, layer, layerUrl, drawn] = [null, null, null, ''] },
    // Sharp again at each view. `url` is that of the grid without its corners; null for none.
    grid(figure, url) {
      if (!url) grid = null
      else {
        const v = figure.view(), width = v.x1 - v.x0, height = v.y1 - v.y0
        const n = plot.clientWidth < SMALL_PIXELS ? GRID_CELLS_SMALL : GRID_CELLS
        const [nx, ny] = [width, height].map(side => Math.max(1, Math.round(n * side / Math.max(width, height))))
        grid = { box: v, source: `${url}&x0=${v.x0}&x1=${v.x1}&y0=${v.y0}&y1=${v.y1}&nx=${nx}&ny=${ny}` }
      }
      draw(figure)
    },
    // `url` of the layer, or null for none; computed by the server once per map.
    async layer(figure, url, { onFault, onCancel }) {
      if (url === layerUrl) return
      waiting?.done()
      layerUrl = url
      layer = null
      scale.hidden = true
      draw(figure)
      if (!url) return
      const mine = waiting = wait.begin('Measuring every place of the map', onCancel)
      try {
        const answer = await ready(url, jobUrl, { onWait: mine.step, cancelled: () => mine.ended })
        if (!answer) return
        const { picture, box, legend } = await answer.json()
        if (mine.ended) return
        layer = { source: picture, box, legend }
        describe(scale, legend)
        draw(figure)
      } catch (error) {
        if (!mine.ended) onFault(error.message)
      } finally {
        mine.done()
      }
    },
  }
}

// A legend that explains itself: the name, the ramp or the tones with their values, and what they mean.
function describe(box, { title, unit, about, low, high, scale, stops }) {
  const line = (tag, text, className = '') => Object.assign(document.createElement(tag), { textContent: text, className })
  const ramp = document.createElement('div'), category = scale === 'category'
  ramp.className = category ? 'lx-tones' : 'lx-ramp'
  if (category) {
    ramp.append(...stops.map(stop => {
      const tone = line('span', stop.name)
      tone.style.setProperty('--colour', stop.colour)
      return tone
    }))
  } else {
    const bar = document.createElement('span'), end = stop => Number(stop.value.toPrecision(2)).toString()
    bar.style.background = `linear-gradient(90deg, ${stops.map(stop => stop.colour).join(', ')})`
    ramp.append(line('i', end(stops[0])), bar, line('i', end(stops.at(-1))))
  }
  box.replaceChildren(line('b', unit ? `${title}, ${unit}` : title), ramp)
  if (low) box.append(line('span', `Low: ${low} High: ${high}`, 'lx-note'))
  box.append(Object.assign(line('details', ''), { innerHTML: '<summary>What is this?</summary>' }))
  box.lastChild.append(line('span', about, 'lx-note'))
  box.hidden = false
}
