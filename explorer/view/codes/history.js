// Undo and redo over whole states.
const MOST = 200

// `buttons()` are the two, disabled while there is nothing to undo or to redo.
export function createHistory(buttons) {
  let past = [], future = []
  const tell = () => { const [undo, redo] = buttons(); undo.disabled = !past.length; redo.disabled = !future.length }
  tell()
  return {
    remember(state) { past = [...past, state].slice(-MOST); future = []; tell() },
    undo(now) { if (!past.length) return null; future.push(now); const found = past.pop(); tell(); return found },
    redo(now) { if (!future.length) return null; past.push(now); const found = future.pop(); tell(); return found },
    forget() { past = []; future = []; tell() },
  }
}
