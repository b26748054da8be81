// The decode channel of one page: at most one request in flight, the newest wins, stale answers are dropped.
const RETRY_MS = 1000

export function parseAnswer(buffer) {
  const view = new DataView(buffer)
  const [seq, n, height, width, channels] = [0, 4, 8, 12, 16].map(at => view.getUint32(at, true))
  const size = n * height * width * channels
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20 + size)))
  return { seq, n, height, width, channels, pixels: new Uint8Array(buffer, 20, size), said }
}

// `ask(request, onAnswer)` sends now or, while an answer is awaited, replaces what waits.
export function openChannel(url, onState = () => {}, Socket = WebSocket) {
  let socket = null, seq = 0, inFlight = null, waiting = null, closed = false

  const connect = () => {
    if (closed) return
    socket = new Socket(url)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => { onState(true); pump() }
    socket.onmessage = ({ data }) => {
      const answer = parseAnswer(data)
      if (!inFlight || answer.seq !== inFlight.request.seq) return
      const { onAnswer } = inFlight
      inFlight = null
      pump()
      onAnswer(answer)
    }
    socket.onclose = () => {
      onState(false)
      if (inFlight && !waiting) waiting = inFlight   // the answer is lost: ask again
      inFlight = null
      setTimeout(connect, RETRY_MS)
    }
  }
  const pump = () => {
    if (inFlight || !waiting || socket.readyState !== 1) return
    inFlight = waiting
    waiting = null
    inFlight.request = { ...inFlight.request, seq: ++seq }
    socket.send(JSON.stringify(inFlight.request))
  }
  connect()
  return {
    ask(request, onAnswer) { waiting = { request, onAnswer }; pump() },
    close() { closed = true; waiting = inFlight = null; socket.close() },
  }
}
