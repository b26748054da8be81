// What a hand does on the plane.
//
// A mouse (or pen) that moves points; pressed, it pans; pressed and let go in place, it clicks. Where moving does not
// decode (`mode()` is 'drag'), a press decodes along its way and Shift pans. One finger points while it is down and clicks
// where it is lifted; two fingers pan and zoom. The wheel zooms about the pointer. In the modes 'box' and 'lasso' a press
// draws a line around points instead: `onStroke(event, phase)` hears 'start', 'move', 'end', or 'cancel'.
const CLICK_PIXELS = 4

export function listen(element, { inside, mode, onPoint, onClick, onLeave, onPan, onZoom, onStroke }, signal) {
  const down = new Map()            // pointers that are pressed: id -> { x, y, startX, startY, moved, does }
  let pinched = false

  const middle = () => {
    const all = [...down.values()], mean = key => all.reduce((sum, p) => sum + p[key], 0) / all.length
    const spread = Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y)
    return { x: mean('x'), y: mean('y'), spread }
  }
  // What a press does when it moves: draw a line, pan, or point along its way.
  function doing(event) {
    if (mode() === 'box' || mode() === 'lasso') return 'stroke'
    if (event.pointerType === 'touch') return 'point'
    return mode() === 'drag' && !event.shiftKey ? 'point' : 'pan'
  }
  const strokes = () => [...down.values()].some(press => press.does === 'stroke')

  element.addEventListener('pointerdown', event => {
    if (!inside(event) || event.button > 0) return
    const { clientX: x, clientY: y } = event
    if (down.size && strokes()) onStroke(event, 'cancel')
    down.set(event.pointerId, { x, y, startX: x, startY: y, does: doing(event) })
    pinched = down.size > 1
    if (pinched) { onLeave(); return }       // the first finger only began the pinch
    if (strokes()) onStroke(event, 'start')
    else if (doing(event) === 'point') onPoint(event)
  })
  const anywhere = (kind, hear) => addEventListener(kind, hear, { signal })
  anywhere('pointermove', event => {
    const press = down.get(event.pointerId)
    if (!press) {
      const over = event.pointerType !== 'touch' && !down.size && element.contains(event.target) && inside(event)
      if (over && mode() === 'hover') onPoint(event)
      return
    }
    const { clientX: x, clientY: y } = event
    if (down.size > 1) {
      const before = middle()
      Object.assign(press, { x, y })
      const after = middle()
      onPan(after.x - before.x, after.y - before.y)
      if (before.spread > 0) onZoom(after.spread / before.spread, after.x, after.y)
      return
    }
    press.moved ||= Math.hypot(x - press.startX, y - press.startY) > CLICK_PIXELS
    if (pinched) return
    if (press.does === 'stroke') onStroke(event, 'move')
    else if (press.does === 'point') onPoint(event)
    else if (press.moved) onPan(x - press.x, y - press.y)
    if (press.does !== 'pan' || press.moved) Object.assign(press, { x, y })
  })
  anywhere('pointerup', event => {
    const press = down.get(event.pointerId)
    down.delete(event.pointerId)
    if (!press || pinched) return
    if (press.does === 'stroke') onStroke(event, 'end')
    else if (inside(event) && (press.does === 'point' || !press.moved)) onClick(event)
  })
  addEventListener('pointercancel', event => {
    const press = down.get(event.pointerId)
    if (!down.delete(event.pointerId)) return
    if (press.does === 'stroke') onStroke(event, 'cancel')
    else onLeave()
  })
  element.addEventListener('pointerleave', event => { if (!down.size && event.pointerType !== 'touch') onLeave() })
  element.addEventListener('wheel', event => {
    if (!inside(event)) return
    event.preventDefault()
    onZoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY)
  }, { passive: false })
}
