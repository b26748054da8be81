// One place for pointer, touch, pen, wheel: what a person means by them on the plane.
//
// A mouse (or pen) that moves points; pressed, it pans; pressed and let go in place, it clicks. One finger points while
// it is down and clicks where it is lifted; two fingers pan and zoom. The wheel zooms about the pointer.
const CLICK_PIXELS = 4

export function listen(element, { inside, onPoint, onClick, onLeave, onPan, onZoom }) {
  const down = new Map()            // pointers that are pressed: id -> { x, y, startX, startY, moved }
  let pinched = false

  const middle = () => {
    const all = [...down.values()], mean = key => all.reduce((sum, p) => sum + p[key], 0) / all.length
    const spread = Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y)
    return { x: mean('x'), y: mean('y'), spread }
  }

  element.addEventListener('pointerdown', event => {
    if (!inside(event) || event.button > 0) return
    down.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX, startY: event.clientY })
    if (down.size === 1) pinched = false
    if (down.size > 1) pinched = true
    else if (event.pointerType === 'touch') onPoint(event)
  })
  addEventListener('pointermove', event => {
    const press = down.get(event.pointerId)
    if (!press) {
      if (event.pointerType !== 'touch' && !down.size && element.contains(event.target) && inside(event)) onPoint(event)
      return
    }
    if (down.size > 1) {
      const before = middle()
      Object.assign(press, { x: event.clientX, y: event.clientY })
      const after = middle()
      onPan(after.x - before.x, after.y - before.y)
      if (before.spread > 0) onZoom(after.spread / before.spread, after.x, after.y)
      return
    }
    const [dx, dy] = [event.clientX - press.x, event.clientY - press.y]
    press.moved ||= Math.hypot(event.clientX - press.startX, event.clientY - press.startY) > CLICK_PIXELS
    if (event.pointerType === 'touch') { if (!pinched) onPoint(event) }
    else if (press.moved) onPan(dx, dy)
    if (event.pointerType === 'touch' || press.moved) Object.assign(press, { x: event.clientX, y: event.clientY })
  })
  addEventListener('pointerup', event => {
    const press = down.get(event.pointerId)
    down.delete(event.pointerId)
    if (!press || pinched || !inside(event)) return
    if (event.pointerType === 'touch' || !press.moved) onClick(event)
  })
  addEventListener('pointercancel', event => { if (down.delete(event.pointerId)) onLeave() })
  element.addEventListener('pointerleave', event => { if (!down.size && event.pointerType !== 'touch') onLeave() })
  element.addEventListener('wheel', event => {
    if (!inside(event)) return
    event.preventDefault()
    onZoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY)
  }, { passive: false })
}
