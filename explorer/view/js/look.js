import { themeOf } from './theme.js'

// A change of theme changes variables on the page, a change of size the element `plot`; what is drawn by hand follows both.
// `follow()` looks now, and marks the root with the theme for its style sheet.
export function watchLook(root, plot, { onTheme = () => {}, onSize = () => {} }, signal) {
  let colours = '', size = ''
  function follow() {
    const theme = themeOf(root), now = theme.text + theme.background
    root.dataset.theme = theme.dark ? 'dark' : 'light'
    if (colours && now !== colours) onTheme(theme)
    colours = now
  }
  plot.addEventListener('pointerenter', follow, { signal })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => setTimeout(follow, 200), { signal })
  const sizes = new ResizeObserver(([{ contentRect: { width, height } }]) => {
    const now = `${Math.round(width)} ${Math.round(height)}`
    if (size && now !== size) onSize()
    size = now
  })
  sizes.observe(plot)
  signal.addEventListener('abort', () => sizes.disconnect())
  return { follow }
}
