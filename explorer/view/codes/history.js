// Undo and redo over whole states.
const MOST = 200

// `buttons()` are the two, disabled while there is nothing to undo or to redo; the focus of the one goes to the other then.
export function createHistory(buttons) {
  let past = [], future = []
  function tell() {
    const [undo, redo] = buttons(), focused = document.activeElement
    undo.disabled = !past.length
    redo.disabled = !future.length
    if (focused === undo && undo.disabled) redo.focus()
    if (focused === redo && redo.disabled) undo.focus()
  }
  tell()
  return {
    remember(state) { past = [...past, state].slice(-MOST); future = []; tell() },
    undo(now) { if (!past.length) return null; future.push(now); const found = past.pop(); tell(); return found },
    redo(now) { if (!future.length) return null; past.push(now); const found = future.pop(); tell(); return found },
    forget() { past = []; future = []; tell() },
  }
}
