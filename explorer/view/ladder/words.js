// What is said of a comparison from what the models drew. Pure, so that it can be tested.

// Of `columns` { words, kl } the dimension that carries least, where posterior collapse is the question.
export function weakest(columns) {
  const told = columns.filter(({ kl }) => kl)
  if (told.length < 2) return ''
  return `The weakest dimension carries ${told.map(({ words, kl }) => `${Math.min(...kl).toFixed(2)} nats (${words})`).join(', ')}.`
}

// Of `columns` { words, relative } how empty it is half way between the classes.
export function holes(columns) {
  const told = columns.filter(({ relative }) => relative)
  if (!told.length) return ''
  const middle = ({ relative }) => relative[Math.floor(relative.length / 2)].toFixed(2)
  return `Half way between images of two classes, the nearest encoded image is ${told.map(one => `${middle(one)} times (${one.words})`).join(', ')} the usual distance away.`
}

// A table as CSV, with quotes where a cell needs them.
const cell = value => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value))
export const csvOf = rows => rows.map(row => `${row.map(cell).join(',')}\n`).join('')

// The rows of the figures: one line a model, with the KL of each dimension where it is known. `portraits` is by model.
export function figureRows({ members, figures }, portraits) {
  const widest = Math.max(0, ...members.map(({ model }) => portraits.get(model)?.said.kl?.length ?? 0))
  const units = figures.map(({ id, title }) => {
    const unit = members.map(({ metrics }) => metrics[id]?.unit).find(Boolean)
    return unit ? `${title} (${unit})` : title
  })
  const head = ['model', 'setting', 'value', 'seed', 'measured on', ...units, ...Array.from({ length: widest }, (_, k) => `KL of dimension ${k + 1} (nats)`)]
  return [head, ...members.map(member => {
    const kl = portraits.get(member.model)?.said.kl ?? []
    return [
      member.model, member.words, member.value, member.seed, member.on, ...figures.map(({ id }) => member.metrics[id]?.value ?? ''),
      ...Array.from({ length: widest }, (_, k) => kl[k] ?? ''),
    ]
  })]
}
