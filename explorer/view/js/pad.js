// A picture of one's own: drawn on the card of the original with a soft brush, chosen as a file, dropped, or pasted.
import { at } from './address.js'
import { eachFrame, element, eventsOf } from './dom.js'

// The pad is five times as fine as MNIST; its brush leaves lines as thick as MNIST's once the drawing is scaled.
const SIDE = 140, BRUSH = 11, SOFT = 4
const STEP = 4                    // pixels of the pad that an arrow key moves the pen
const KINDS = 'image/png,image/jpeg,image/webp'
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }

// `card` gets the buttons, and the pad over its canvas while somebody draws. `onDrawing(grey)` hears of the drawing as it is
// made, its grey bytes in base64; `onPicture(name)` of the picture that the server keeps; `onBegin()` that a drawing begins, and
// `onEmpty()` that its last line was taken back; `onFault(sentence)` of what cannot be used, and '' when something could.
export function createPad(card, canvas, { onDrawing, onPicture, onFault, onBegin = () => {}, onEmpty = () => {}, onEnd = () => {} }, signal) {
  const pad = Object.assign(element('canvas', 'lx-pixels lx-pad'), { width: SIDE, height: SIDE, tabIndex: 0 })
  pad.setAttribute('role', 'application')
  pad.ariaLabel = 'Drawing pad. Draw with the pointer; or arrow keys move the pen, Space sets it down and lifts it, Backspace undoes, Enter ends.'
  const paper = pad.getContext('2d', { willReadFrequently: true })
  const button = (text, title, onclick) => Object.assign(element('button', 'lx-button', text), { type: 'button', title, onclick })
  const file = Object.assign(element('input'), { type: 'file', accept: KINDS, hidden: true })
  const draw = button('Draw', 'Draw an image of your own, here on the card', begin)
  const choose = button('Upload', 'An image of your own as PNG, JPEG or WebP; or drop one here, or paste it', () => file.click())
  const undo = button('Undo', 'Take the last line back (Backspace)', takeBack)
  const clear = button('Clear', 'Begin anew', () => { strokes = []; changed() })
  const done = button('Done', 'Put the pad away (Enter)', end)
  const tools = element('div', 'lx-pad-tools')
  const box = element('div', 'lx-pad-box'), hint = element('span', 'lx-pad-hint', 'Draw here')
  const seen = element('span', 'lx-note lx-pad-seen', 'What the model sees:')
  box.append(pad, hint)
  tools.append(draw, choose, undo, clear, done, file)
  card.append(tools)
  let strokes = [], stroke = null, pen = null, keeping = 0, posted = 0

  function show(drawing) {
    for (const one of [draw, choose]) one.hidden = drawing
    for (const one of [undo, clear, done]) one.hidden = !drawing
    card.toggleAttribute('data-drawing', drawing)
  }
  function begin() {
    strokes = []
    pen = null
    onBegin()
    canvas.before(box, seen)
    show(true)
    redraw()
    pad.focus()
  }
  function end() {
    if (!pad.isConnected) return
    box.remove()
    seen.remove()
    show(false)
    card.removeAttribute('data-empty')
    draw.focus()
    onEnd()
  }
  function redraw() {
    paper.shadowBlur = 0
    paper.fillStyle = '#000'
    paper.fillRect(0, 0, SIDE, SIDE)
    Object.assign(paper, { lineCap: 'round', lineJoin: 'round', lineWidth: BRUSH, strokeStyle: '#fff', shadowColor: '#fff', shadowBlur: SOFT })
    for (const points of strokes) {
      paper.beginPath()
      paper.moveTo(...points[0])
      for (const point of points.length > 1 ? points.slice(1) : points) paper.lineTo(...point)
      paper.stroke()
    }
    hint.hidden = strokes.length > 0
    card.toggleAttribute('data-empty', !strokes.length)
    undo.disabled = clear.disabled = !strokes.length
    if (!pen) return
    Object.assign(paper, { shadowBlur: 0, fillStyle: pen.down ? '#E69F00' : '#56B4E9' })
    paper.beginPath()
    paper.arc(pen.x, pen.y, 3, 0, 7)
    paper.fill()
  }
  function takeBack() {
    strokes.pop()
    changed()
  }
  // Without a line there is no drawing any more, nor is the one before it wanted when it has been sent.
  function changed() {
    redraw()
    send()
    if (strokes.length) return keep()
    clearTimeout(keeping)
    posted++
    onEmpty()
  }
  // The drawing without the pen.
  function bare(read) {
    const held = pen
    pen = null
    redraw()
    const value = read()
    pen = held
    redraw()
    return value
  }
  const send = eachFrame(() => {
    if (!strokes.length || !pad.isConnected) return
    const { data } = bare(() => paper.getImageData(0, 0, SIDE, SIDE)), grey = new Uint8Array(SIDE * SIDE)
    for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i]
    let text = ''
    for (let i = 0; i < grey.length; i += 8192) text += String.fromCharCode(...grey.subarray(i, i + 8192))
    onDrawing(btoa(text))
  })
  // Kept when a line ends; the next one replaces it.
  function keep() {
    clearTimeout(keeping)
    keeping = setTimeout(async () => post(await new Promise(found => bare(() => pad.toBlob(found, 'image/png')))), 0)
  }
  async function post(blob) {
    const mine = ++posted
    try {
      const answer = await fetch(at('own'), { method: 'POST', body: blob }), words = await answer.text()
      if (mine !== posted) return
      if (!answer.ok) return onFault(words)
      onFault('')
      onPicture(JSON.parse(words).name)
    } catch { onFault('The picture could not be sent; is there a connection to the server?') }
  }

  const place = event => {
    const box = pad.getBoundingClientRect()
    return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE]
  }
  pad.addEventListener('pointerdown', event => {
    if (event.button > 0) return
    event.preventDefault()
    pad.focus()
    pad.setPointerCapture(event.pointerId)
    pen = null
    strokes.push(stroke = [place(event)])
    redraw()
    send()
  })
  pad.addEventListener('pointermove', event => {
    if (!stroke) return
    stroke.push(...eventsOf(event).map(place))
    redraw()
    send()
  })
  const lifted = () => { if (stroke) { stroke = null; keep() } }
  pad.addEventListener('pointerup', lifted)
  pad.addEventListener('pointercancel', lifted)
  pad.addEventListener('keydown', event => {
    const step = ARROWS[event.key]
    if (step) {
      pen ??= { x: SIDE / 2, y: SIDE / 2, down: false }
      pen.x = Math.min(SIDE, Math.max(0, pen.x + step[0]))
      pen.y = Math.min(SIDE, Math.max(0, pen.y + step[1]))
      if (pen.down) { strokes.at(-1).push([pen.x, pen.y]); send() }
      redraw()
    } else if (event.key === ' ') {
      pen ??= { x: SIDE / 2, y: SIDE / 2, down: false }
      pen.down = !pen.down
      if (pen.down) strokes.push([[pen.x, pen.y]])
      else keep()
      redraw()
      send()
    } else if (event.key === 'Backspace' && strokes.length) takeBack()
    else if (event.key === 'Enter' || event.key === 'Escape') end()
    else return
    event.preventDefault()
    event.stopPropagation()
  })

  const given = list => { if (list.length) { onBegin(); end(); post(list[0]) } }
  file.onchange = () => { given([...file.files]); file.value = '' }
  card.addEventListener('dragover', event => { event.preventDefault(); card.dataset.drop = '' })
  card.addEventListener('dragleave', () => delete card.dataset.drop)
  card.addEventListener('drop', event => {
    event.preventDefault()
    delete card.dataset.drop
    given([...event.dataTransfer.files])
  })
  addEventListener('paste', event => given([...event.clipboardData.files].filter(one => one.type.startsWith('image/'))), { signal })
  show(false)
  return {
    end,
    get drawing() { return pad.isConnected },
  }
}
