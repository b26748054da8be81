// Numbers and names as every component writes them.
export const number = (value, digits = 2) => {
  const text = value.toFixed(digits)
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '−')
}

// What an image of a class is called: "digit 7", but "face, bald".
export const className = ({ noun, classes }, label) => (/^\d/.test(classes[label]) ? `${noun} ${classes[label]}` : `${noun}, ${classes[label]}`)

// What a row of the data set is called: "MNIST training image 123".
export function rowName(about, row) {
  let start = 0
  for (const [stop, template] of about.origins) {
    if (row < stop) return template.replace('{index}', row - start)
    start = stop
  }
  return `${about.noun} ${row}`
}

export const subscript = value => [...String(value)].map(digit => '₀₁₂₃₄₅₆₇₈₉'[+digit]).join('')

// How far to trust an image, as shape and word together, so that nothing rests on colour.
const TRUST = { data: ['●', 'in data'], rare: ['◐', 'rare image'], gap: ['◐', 'in a gap'], outside: ['○', 'outside'] }
export const trustWords = trust => TRUST[trust]
