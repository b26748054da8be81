// Maps of codes, and kept cells, as the short texts of an address; see explorer/latent/codes.py.
const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export function codesToText(codes, signs) {
  return codes.map(code => {
    let text = ''
    for (let k = 0, rest = code; k < signs; k++, rest = Math.floor(rest / 64)) text = SIGNS[rest % 64] + text
    return text
  }).join('')
}

// The codes of a text; null for one that is no map of so many cells with codes below `size`.
export function codesOfText(text, { signs, cells, size }) {
  if (text.length !== signs * cells) return null
  const codes = Array.from({ length: cells }, (_, cell) =>
    [...text.slice(cell * signs, (cell + 1) * signs)].reduce((sum, sign) => 64 * sum + SIGNS.indexOf(sign), 0))
  const known = [...text].every(sign => SIGNS.includes(sign)) && codes.every(code => code < size)
  return known ? codes : null
}

export function maskToText(kept) {
  if (!kept.some(Boolean)) return ''
  let text = ''
  for (let at = 0; at < kept.length; at += 4) text += [0, 1, 2, 3].reduce((sum, k) => 2 * sum + (kept[at + k] ? 1 : 0), 0).toString(16)
  return text
}

// The kept cells of a text; none for one of another length.
export function maskOfText(text, cells) {
  if (text.length !== Math.ceil(cells / 4)) return Array(cells).fill(false)
  return Array.from({ length: cells }, (_, cell) => (parseInt(text[cell >> 2], 16) >> (3 - cell % 4) & 1) === 1)
}
