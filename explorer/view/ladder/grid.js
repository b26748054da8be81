// The columns of the models: one row for each thing that they draw, filled as each model answers.
import { element, mark, say } from '../js/dom.js'
import { createSegments } from '../js/segments.js'
import { classColour, themeOf } from '../js/theme.js'
import { number, trustWords } from '../js/words.js'
import { paintMap, paintMosaic } from './portrait.js'

const WIDE = 5                    // images in a row of those of the classes, and of the samples
const DEAD = 'grey: a dead one, which carries less than 0.01 nats (posterior collapse)'
// What each row shows, in plain words.
const ROWS = [
  ['chosen', 'A, reconstructed', 'What the model makes of the chosen image: encoded, then decoded from the mean of its posterior. Below it the squared error per pixel, and the nats that its latent costs (rate).'],
  ['rows', 'Test images, reconstructed', 'The same images through every model, in the order of those above: the first test image of each class.'],
  ['samples', 'Prior samples', 'New images: latents drawn from the prior N(0, I) and decoded. The same seed draws the same latents in models of as many dimensions. A plain autoencoder has no prior, and PCA has variances of its own.'],
  ['kl', 'What each dimension carries', `One bar for each dimension, sorted: its KL in nats, averaged over images, all models on one scale; ${DEAD}. Where there is no posterior, its share of the variance.`],
  ['walks', 'Its top 3 dimensions', 'From A, each of the three dimensions that carry most is moved from −3 to 3 standard deviations of the prior (of the latents, where there is none), the others held.'],
  ['way', 'From A to B', 'The straight way between the latents of A and B, decoded at even steps. ● in data, ◐ in a gap or a rare image, ○ outside what was learned.'],
  ['map', 'Map', 'Where the images lie: each point is one, coloured by its class, with A and B. Maps of more than two dimensions are projections; each model has its own.'],
]

export function createGrid(host, { onModel, onRow, onSeed, paintRow }) {
  let cells = new Map(), heads = new Map(), rows = [], shown = null, set = 'A'

  // --- what is there at once ----------------------------------------------------------------------------------------
  function open(data) {
    shown = data
    cells = new Map()
    heads = new Map()
    rows = []
    host.style.setProperty('--columns', data.columns.length)
    const names = row('name', '', '', column => {
      const button = Object.assign(element('button', 'lx-ladder-name'), { type: 'button', title: `Choose ${column.title} on every page`, onclick: () => onModel(column.model) })
      button.append(element('b', '', column.words), element('span', '', column.title))
      return [button]
    })
    names.firstChild.remove()
    const figures = data.figures.map(figure => row('figure', figure.title, [figure.help, figure.apart, unitOf(data, figure)].filter(Boolean).join(' '), ({ model }) => {
      const metric = data.members.find(one => one.model === model).metrics[figure.id], text = metric ? number(metric.value, figure.digits) : '–'
      const value = element('span', '', text)
      value.dataset.figure = figure.id
      value.title = metric ? `${metric.unit}; ${metric.note}` : 'Not measured for this model'
      return [value]
    }, [element('span', 'lx-note', [metricOf(data, figure)?.unit.replace(/^of \d+ /, ''), figure.apart && 'not on one scale'].filter(Boolean).join('; '))]))
    host.replaceChildren(names, ...ROWS.map(([kind, title, help]) => row(kind, title, help, () => [], extras(kind))), ...figures)
    choose(data.model)
  }
  const metricOf = (data, { id }) => data.members.map(one => one.metrics[id]).find(Boolean)
  const unitOf = (data, { id }) => {
    const metric = metricOf(data, { id })
    return metric ? `In ${metric.unit.replace(/^of \d+ /, '')}; measured on ${data.members.find(one => one.metrics[id]).on}.` : ''
  }
  function row(kind, title, help, filled, more = []) {
    const made = element('div', 'lx-ladder-row'), head = element('div', 'lx-ladder-head'), line = element('div', 'lx-ladder-title')
    made.setAttribute('role', 'row')
    head.setAttribute('role', 'rowheader')
    line.append(element('b', '', title), ...(help ? asked(title, help) : []), ...more)
    if (help) line.append(line.querySelector('.lx-ladder-help'))
    head.append(line)
    made.append(head, ...shown.columns.map(column => {
      const cell = element('div', 'lx-ladder-cell')
      cell.setAttribute('role', 'cell')
      Object.assign(cell.dataset, { kind, model: column.model })
      cell.append(...filled(column))
      cells.set(`${kind} ${column.model}`, cell)
      rows.push(cell)
      return cell
    }))
    heads.set(kind, line)
    return made
  }
  function asked(title, help) {
    const button = Object.assign(element('button', 'lx-ladder-ask', '?'), { type: 'button', title: help, ariaLabel: `What is “${title}”?`, ariaExpanded: 'false' })
    const words = Object.assign(element('span', 'lx-note lx-ladder-help', help), { hidden: true })
    button.onclick = () => { words.hidden = !words.hidden; button.ariaExpanded = String(!words.hidden) }
    return [button, words]
  }
  function extras(kind) {
    if (kind === 'samples') {
      const label = element('label', '', 'Seed '), input = Object.assign(element('input'), { type: 'number', min: 0, max: 999999999, value: shown.seed, title: 'The same number draws the same samples' })
      input.onchange = () => { if (input.checkValidity() && input.value !== '') onSeed(Number(input.value)) }
      label.append(input)
      return [label]
    }
    return kind === 'rows' ? [element('span', 'lx-ladder-images')] : kind === 'map' ? [element('span', 'lx-ladder-images')] : []
  }

  // The test images themselves, above their reconstructions: a click makes one of them A or B.
  function originals(said, subject) {
    const box = heads.get('rows').querySelector('.lx-ladder-images')
    if (box.dataset.rows !== said.rows.join()) {
      box.dataset.rows = said.rows.join()
      const which = element('span', 'lx-segments')
      which.ariaLabel = 'What a click on an image makes it'
      which.append(...['A', 'B'].map(name => {
        const button = Object.assign(element('button', '', name), { title: `A click on an image makes it ${name}` })
        button.dataset.value = name
        return button
      }))
      createSegments(which, name => { set = name }).set(set)
      box.replaceChildren(...said.rows.map((row, k) => {
        const canvas = element('canvas', 'lx-pixels'), button = Object.assign(element('button'), { type: 'button', onclick: () => onRow(row, set) })
        button.dataset.row = row
        button.title = button.ariaLabel = `Image ${row}, ${said.labels[k]}: make it A or B`
        paintRow(canvas, row)
        button.append(canvas)
        return button
      }), element('span', 'lx-note', 'a click makes it'), which)
      const classes = said.classes.length <= 12 ? said.classes : []
      heads.get('map').querySelector('.lx-ladder-images').replaceChildren(...classes.map((name, k) => {
        const chip = element('span', 'lx-ladder-class', name)
        chip.style.setProperty('--colour', classColour(k))
        return chip
      }))
    }
    for (const button of box.querySelectorAll('[data-row]')) button.setAttribute('aria-pressed', String(subject === `row:${button.dataset.row}`))
  }

  // --- what a model draws ---------------------------------------------------------------------------------------------
  const canvasIn = (kind, model, name) => {
    const cell = cells.get(`${kind} ${model}`)
    let canvas = cell.querySelector('canvas')
    if (!canvas) {
      canvas = element('canvas')
      canvas.setAttribute('role', 'img')
      cell.prepend(canvas)
    }
    canvas.ariaLabel = name
    return canvas
  }
  const below = (kind, model, words) => {
    const cell = cells.get(`${kind} ${model}`)
    if (!cell.querySelector('small')) cell.append(element('small'))
    say(cell.querySelector('small'), words)
  }
  function fill({ model, words }, portrait) {
    const { said, images } = portrait, put = (kind, list, columns, name) => paintMosaic(canvasIn(kind, model, `${words}: ${name}`), list, columns, said.shape)
    put('chosen', images.chosen, 1, 'reconstruction of A')
    below('chosen', model, [said.error === null ? '' : `error ${said.error.toPrecision(3)}`, said.rate === null ? '' : `${number(said.rate, 1)} nats`].filter(Boolean).join(' · '))
    put('rows', images.rows, WIDE, `reconstructions of ${said.rows.length} test images`)
    put('samples', images.samples, WIDE, `${said.samples} prior samples`)
    const top = said.top.map(dimension => said.names[dimension])
    put('walks', images.walks, said.steps, `traversals of ${top.join(', ')}`)
    below('walks', model, top.join(' · '))
    put('way', images.way, said.steps, 'the straight way from A to B')
    drawMap({ model, words }, portrait)
  }
  function drawMap({ model, words }, portrait) {
    const theme = themeOf(host), { projection } = shown.columns.find(one => one.model === model)
    paintMap(canvasIn('map', model, `${words}: map of ${portrait.said.points} images`), portrait, { straight: projection === 'raw', ...theme })
    below('map', model, projection === 'raw' ? 'the latent space itself' : projection.split('-')[0].toUpperCase().replace('TSNE', 't-SNE'))
  }
  // The bars of all models that have answered, on one scale for those with a KL.
  function bars(portraits) {
    const most = Math.max(...[...portraits.values()].flatMap(({ said }) => said.kl ?? []), 0)
    for (const { model, words } of shown.columns) {
      const said = portraits.get(model)?.said
      if (!said) continue
      const values = said.kl ?? said.share, top = said.kl ? most : Math.max(...values)
      const order = values.map((_, k) => k).sort((a, b) => values[b] - values[a] || a - b)
      const unit = k => (said.kl ? `${number(said.kl[k], 3)} nats` : `${number(100 * said.share[k], 1)} % of the variance`)
      const dead = said.dead.filter(Boolean).length, cell = cells.get(`kl ${model}`), box = element('div', 'lx-ladder-bars')
      box.setAttribute('role', 'img')
      box.ariaLabel = `${words}: ${order.slice(0, 12).map(k => `${said.names[k]} ${unit(k)}`).join(', ')}${order.length > 12 ? ' and so on' : ''}; ${dead} dead`
      box.append(...order.map(k => {
        const bar = element('i')
        bar.style.setProperty('--share', values[k] / (top || 1))
        bar.title = `${said.names[k]}: ${unit(k)}${said.dead[k] ? ', dead' : ''}`
        Object.assign(bar.dataset, { dead: said.dead[k], value: values[k] })
        return bar
      }))
      cell.replaceChildren(box, element('small', '', said.kl ? `${values.length - dead} of ${values.length} carry 0.01 nats or more` : `no KL; ${values.length - dead} of ${values.length} vary`))
    }
  }
  // Where the steps of the way stand.
  function stand(model, { standing, why }) {
    const cell = cells.get(`way ${model}`), box = element('div', 'lx-ladder-standing')
    box.style.setProperty('--steps', standing.length)
    box.append(...standing.map((one, k) => {
      const sign = Object.assign(element('span', '', trustWords(one)[0]), { title: `Step ${k + 1}, ${trustWords(one)[1]}. ${why[k]}` })
      sign.dataset.standing = one
      return sign
    }))
    cell.querySelector('.lx-ladder-standing')?.remove()
    cell.append(box)
    const inData = standing.filter(one => one === 'data').length
    box.setAttribute('role', 'img')
    box.ariaLabel = `${inData} of ${standing.length} steps in data: ${standing.map(one => trustWords(one)[1]).join(', ')}`
    below('way', model, `${inData} of ${standing.length} in data`)
  }

  function choose(model, { scroll = false } = {}) {
    for (const cell of rows) mark(cell, 'on', String(cell.dataset.model === model))
    for (const button of host.querySelectorAll('.lx-ladder-name')) button.setAttribute('aria-pressed', String(button.parentNode.dataset.model === model))
    const cell = cells.get(`name ${model}`)
    if (!scroll || !cell) return
    const box = host.parentNode
    box.scrollTo({ left: cell.offsetLeft - host.offsetLeft - (box.clientWidth - cell.offsetWidth) / 2, behavior: 'smooth' })
  }
  const seed = value => { heads.get('samples').querySelector('input').value = value }
  function fault(model, sentence) { cells.get(`chosen ${model}`).replaceChildren(element('small', '', sentence)) }

  return { open, originals, fill, bars, stand, choose, seed, drawMap, fault, cell: (kind, model) => cells.get(`${kind} ${model}`), rows: ROWS.map(([kind, title]) => ({ kind, title })) }
}
