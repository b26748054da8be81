// Put into the page before its own scripts: watches the decode channel from outside and drives the pointer over the
// map. `bench.drive`, `bench.craft`, `bench.click`, `bench.echo` and `bench.frames` each give back plain times in milliseconds.
;(() => {
  const CHANNEL = '/explorer/decode'
  const now = () => performance.now()
  const plane = () => document.querySelector('.lx-plane')
  const plot = () => plane().querySelector('[data-part=plot]')
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms))

  // A task after the next frame's own work: what was drawn before is then on the screen.
  const { port1, port2 } = new MessageChannel()
  const queue = []
  port1.onmessage = () => queue.shift()(now())
  const afterFrame = then => requestAnimationFrame(() => { queue.push(then); port2.postMessage(0) })
  const frame = () => new Promise(afterFrame)

  // --- the channel, watched -------------------------------------------------------------------------------------------
  // Each request by its number: { move, model, sent, painted, framed }. `move` is the last pointer move before it, which
  // the channel answers whether it sends at once or keeps the newest.
  const watch = { on: false, requests: new Map(), move: -1, answered: null, refused: 0, kind: null, canvas: 'decoded' }
  const Native = WebSocket
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args)
      this.watched = String(args[0]).endsWith(CHANNEL)
      // Listens before the page's own handler, so that what it paints is known to belong to this answer.
      if (this.watched) this.addEventListener('message', ({ data }) => {
        const view = new DataView(data)
        watch.answered = view.getUint32(0, true)
        if (!view.getUint32(4, true)) watch.refused++
      })
    }
    send(data) {
      if (this.watched && watch.on) {
        const { seq, model, kind } = JSON.parse(data)
        // Other kinds (tracks of sliders) come through channels of their own, with numbers of their own.
        if (!watch.kind || kind === watch.kind) watch.requests.set(seq, { move: watch.move, model, sent: now() })
      }
      super.send(data)
    }
  }
  const put = CanvasRenderingContext2D.prototype.putImageData
  CanvasRenderingContext2D.prototype.putImageData = function (...args) {
    put.apply(this, args)
    if (!watch.on || this.canvas.dataset.testid !== watch.canvas) return
    const request = watch.requests.get(watch.answered)
    if (!request || request.painted) return
    request.painted = now()
    afterFrame(time => { request.framed = time })
  }
  const clear = () => Object.assign(watch, { requests: new Map(), move: -1, refused: 0 })

  // How many points the map has: the first number of its binary answer.
  const fetched = window.fetch
  window.fetch = async (...args) => {
    const answer = await fetched(...args)
    if (String(args[0]).includes('/explorer/points/'))
      answer.clone().arrayBuffer().then(buffer => { window.bench.points = new DataView(buffer).getUint32(0, true) })
    return answer
  }

  // --- the pointer ----------------------------------------------------------------------------------------------------
  // Ticks from a worker: they keep their pace whatever the page's frames do.
  const ticker = hz => new Worker(URL.createObjectURL(new Blob([`
    const start = performance.now(); let n = 0
    const tick = () => { postMessage(n++); setTimeout(tick, Math.max(0, start + n * ${1000 / hz} - performance.now())) }
    tick()`])))
  function send(name, x, y, on = plot()) {
    const box = on.getBoundingClientRect()
    on.dispatchEvent(new PointerEvent(name, {
      clientX: box.left + x * box.width, clientY: box.top + y * box.height,
      bubbles: true, pointerType: 'mouse', isPrimary: true, pointerId: 1,
    }))
  }

  // Move over the map along a closed curve.
  const curve = on => t => send('pointermove', 0.5 + 0.35 * Math.sin(1.9 * t), 0.5 + 0.35 * Math.sin(2.9 * t + 1), on())
  const drive = options => driven(options, curve(plot))

  // A slider to and fro, as the browser moves it when a hand drags it; the pointer over the element `over`; or, without
  // either, a code into each cell in turn and, when all are painted, the next code.
  function craft({ kind, canvas, slider, over, ...options }) {
    Object.assign(watch, { kind, canvas })
    if (over) return driven(options, curve(() => document.querySelector(over)))
    return driven(options, slider ? slide(document.querySelector(slider)) : paintCodes())
  }
  function slide(slider) {
    const middle = (+slider.min + +slider.max) / 2, reach = (slider.max - slider.min) / 2
    return t => {
      slider.value = middle + reach * Math.sin(1.9 * t)
      slider.dispatchEvent(new Event('input', { bubbles: true }))
    }
  }
  function paintCodes() {
    const map = document.querySelector('.lx [data-part=map]'), cells = [...map.querySelectorAll('[role=gridcell]')]
    const codes = [...document.querySelectorAll('.lx [role=option]')]
    const point = (name, cell) => {
      const box = cell.getBoundingClientRect()
      map.dispatchEvent(new PointerEvent(name, {
        clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, bubbles: true, pointerType: 'mouse', isPrimary: true, pointerId: 1,
      }))
    }
    let painted = 0
    return () => {
      if (painted % cells.length === 0) {
        codes[1 + painted / cells.length % (codes.length - 1)].click()
        point('pointerdown', cells[0])
      } else point('pointermove', cells[painted % cells.length])
      if (++painted % cells.length === 0) point('pointerup', cells.at(-1))
    }
  }

  // `act(seconds)` moves something. Times per move; null where a newer one took its place.
  async function driven({ seconds, hz, record }, act) {
    clear()
    watch.on = record
    const events = [], start = now(), worker = ticker(hz)
    await new Promise(resolve => {
      worker.onmessage = ({ data: n }) => {
        if (now() - start > seconds * 1000) { worker.terminate(); return resolve() }
        watch.move = n
        if (record) events[n] = now()
        act(n / hz)
      }
    })
    const duration = (now() - start) / 1000
    await wait(500)
    watch.on = false
    const painted = [...watch.requests.values()].filter(r => r.framed)
    return {
      moves: events.length, seconds: duration, images: painted.length, refused: watch.refused,
      answered: new Set(painted.map(r => r.move)).size,
      sentToPainted: painted.map(r => r.painted - r.sent),
      eventToFrame: painted.map(r => r.framed - events[r.move]),
    }
  }

  // Until the frame that shows `done()`; null when that takes longer than ten seconds.
  async function until(done, start) {
    for (;;) {
      const time = await frame()
      if (done()) return time - start
      if (time - start > 10000) return null
    }
  }
  const settled = () => plane()?.dataset.ready === 'true' && !('stale' in plane().dataset)
  const painted = model => [...watch.requests.values()].some(r => r.painted && (!model || r.model === model))

  // Click at a place: the frame with its image, and the one when address, neighbours and badge have followed.
  async function click([x, y]) {
    clear()
    watch.on = true
    const before = location.search, start = now()
    send('pointerdown', x, y)
    send('pointerup', x, y)
    const image = await until(() => painted(), start)
    const committed = await until(() => location.search !== before && settled(), start)
    watch.on = false
    return { image, committed }
  }

  // From the last press of the pointer to the frame with the map, image, badge of another model.
  let pressed = 0
  addEventListener('pointerdown', () => { pressed = now() }, true)
  function expect() { clear(); watch.on = true }
  async function shown(model) {
    const time = await until(() => settled() && painted(model) && location.search.includes(model), pressed)
    watch.on = false
    return time
  }

  // --- what all is measured against -------------------------------------------------------------------------------------
  // An empty message to the channel comes back refused: the round trip without any work.
  async function echo(count) {
    const socket = new Native(new URL(`.${CHANNEL}`, document.baseURI).href.replace(/^http/, 'ws')), times = []
    await new Promise(resolve => { socket.onopen = resolve })
    for (let i = 0; i < count; i++) {
      const start = now()
      await new Promise(resolve => { socket.onmessage = resolve; socket.send('') })
      times.push(now() - start)
      await wait(8)
    }
    socket.close()
    return times
  }
  // From any moment to the end of the next frame, with nothing to draw.
  async function frames(count) {
    const times = []
    for (let i = 0; i < count; i++) {
      await wait(17 * Math.random())
      const start = now()
      times.push(await frame() - start)
    }
    return times
  }
  window.bench = { drive, craft, click, expect, shown, echo, frames, frame, until, pressed: () => pressed }
})()
