// Pixels of a PNG per pixel of the page.
const SCALE = 2

// A file that was made in the page, saved under a name.
export function download(blob, name) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
}

export const canvasBlob = canvas => new Promise(resolve => canvas.toBlob(resolve, 'image/png'))

// How long texts are in a font: what `sheet` asks.
export function measurer(font) {
  const context = document.createElement('canvas').getContext('2d')
  return (text, size, bold) => {
    context.font = `${bold ? 'bold ' : ''}${size}px ${font}`
    return context.measureText(text).width
  }
}

// An SVG document as a PNG.
export async function painted(svg, width, height) {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' })), image = new Image()
  const canvas = Object.assign(document.createElement('canvas'), { width: SCALE * width, height: SCALE * height })
  try {
    image.src = url
    await image.decode()
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
  } finally {
    URL.revokeObjectURL(url)
  }
  return canvasBlob(canvas)
}
