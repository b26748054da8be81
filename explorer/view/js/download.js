// A file that was made in the page, saved under a name.
export function download(blob, name) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
}

export const canvasBlob = canvas => new Promise(resolve => canvas.toBlob(resolve, 'image/png'))
