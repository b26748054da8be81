// Colours that every component shares. Classes: Okabe-Ito, extended to ten; each class is also named on the map.
export const CLASS_COLOURS = [
  '#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#B8A200', '#7F5AA8', '#8C6D46', '#7F7F7F',
]
export const classColour = index => CLASS_COLOURS[index % CLASS_COLOURS.length]

// The page's own text and line colours, whatever theme is on.
export function themeOf(element) {
  const style = getComputedStyle(element)
  const value = (name, fallback) => style.getPropertyValue(name).trim() || fallback
  const background = value('--st-background-color', '#ffffff')
  return {
    text: value('--st-text-color', style.color),
    background,
    line: value('--st-border-color', 'rgba(128,128,128,.3)'),
    font: value('--st-font', style.fontFamily),
    dark: luminance(background) < 0.5,
  }
}

function luminance(hex) {
  const channels = hex.match(/[0-9a-f]{2}/gi)?.slice(0, 3).map(pair => parseInt(pair, 16) / 255) ?? [1, 1, 1]
  return 0.299 * channels[0] + 0.587 * channels[1] + 0.114 * channels[2]
}
