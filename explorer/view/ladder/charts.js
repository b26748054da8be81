// The plots of a comparison as plain values: what stands where, which lines are drawn. Pure, so that it can be tested.
import { isoLine, ticksOf } from '../js/plot.js'

// Room around the points, as a share of their range.
const ROOM = 0.12

// What a member has on an axis: a metric of its card, or something that was set; null without it.
export function valueOf(member, of) {
  if (of === 'latent_dim') return member.latent_dim
  return member.metrics[of]?.value ?? null
}

// The range of an axis around some values. One that counts, or that nats are on, never goes below 0 by the room alone.
export function rangeOf(values, { log = false } = {}) {
  const low = Math.min(...values), high = Math.max(...values)
  if (log) { const factor = (high / low) ** ROOM || 1; return low < high ? [low / factor, high * factor] : [low / 2, high * 2] }
  const room = ROOM * (high - low) || Math.abs(low) * ROOM || 1
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room]
}

// The seeds of each setting together, in the order of the members: { words, family, members, x, y, spread: [[x0, x1], [y0, y1]] },
// x and y being means.
export function settingsOf(members, chart) {
  const groups = new Map()
  for (const member of members) {
    const key = `${member.family} ${member.value} ${member.words}`
    groups.set(key, [...(groups.get(key) ?? []), member])
  }
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length
  return [...groups.values()].map(group => {
    const [x, y] = ['x', 'y'].map(axis => group.map(member => valueOf(member, chart[axis].of)))
    const spread = [x, y].map(values => [Math.min(...values), Math.max(...values)])
    return { words: group[0].words, family: group[0].family, members: group, x: mean(x), y: mean(y), spread }
  })
}

// What js/plot.js draws: all models as points, the means of their settings joined in order, and around those of several seeds
// a cross as wide and as high as they are apart.
export function plotOf(chart, members, chosen, onPoint) {
  const settings = settingsOf(members, chart)
  const ranges = ['x', 'y'].map(axis => rangeOf(members.map(member => valueOf(member, chart[axis].of)), chart[axis]))
  const families = chart.series ? [...new Set(settings.map(one => one.family))] : [null]
  const joined = !chart.joined ? [] : families.map(family => ({
    points: settings.filter(one => family === null || one.family === family).map(one => [one.x, one.y]), tone: 'lx-tone-ladder', words: '',
  }))
  const crosses = settings.filter(one => one.members.length > 1).flatMap(({ x, y, spread: [across, up] }) => [
    { points: [[across[0], y], [across[1], y]], tone: 'lx-tone-spread' }, { points: [[x, up[0]], [x, up[1]]], tone: 'lx-tone-spread' },
  ])
  const iso = chart.iso ? isoLines(...ranges) : []
  const points = settings.flatMap(({ words, members: group }) => group.map((member, k) => ({
    x: valueOf(member, chart.x.of), y: valueOf(member, chart.y.of), key: member.model, tone: '',
    words: k ? '' : words, on: member.model === chosen, name: nameOf(member, chart, group.length > 1),
  })))
  const [x, y] = ['x', 'y'].map((axis, k) => ({ range: ranges[k], title: chart[axis].title, log: chart[axis].log, whole: chart[axis].whole }))
  return { x, y, lines: [...iso, ...joined, ...crosses], points, onPoint, label: `${chart.title}: ${points.map(one => one.name).join('; ')}`, height: 280 }
}

// A line for each model that has answered: `curves` are { share, relative } by model. The dot in its middle chooses it.
export function curvesOf(chart, members, curves, chosen, onPoint) {
  const told = members.filter(({ model }) => curves.has(model)), most = Math.max(1, ...told.flatMap(({ model }) => curves.get(model).relative))
  const lines = told.map(({ model }) => ({ points: curves.get(model).share.map((share, k) => [share, curves.get(model).relative[k]]), tone: 'lx-tone-ladder', dots: true }))
  const points = told.map(({ model, words }) => {
    const { share, relative } = curves.get(model), middle = Math.floor(share.length / 2)
    return { x: share[middle], y: relative[middle], key: model, words, on: model === chosen, tone: '', name: `${words}: ${relative[middle].toFixed(2)} usual distances half way` }
  })
  const marks = [{ y: 1, tone: 'lx-tone-usual-distance', dashed: true, words: 'usual distance between neighbours' }]
  const label = `${chart.title}: ${points.map(one => one.name).join('; ')}`
  return { x: { range: [0, 1], title: chart.x.title }, y: { range: [0, most * (1 + ROOM)], title: chart.y.title }, lines, points, marks, onPoint, label, height: 280 }
}

// The lines of equal −ELBO in a box, at round numbers.
export function isoLines(x, y) {
  return ticksOf([x[0] + y[0], x[1] + y[1]]).flatMap(sum => {
    const points = isoLine(x, y, sum)
    return points ? [{ points, tone: 'lx-tone-iso', dashed: true, words: `−ELBO ${sum}` }] : []
  })
}

const short = value => Number(value.toPrecision(4)).toString().replace('-', '−')
const nameOf = (member, chart, seeds) => `${member.words}${seeds ? `, seed ${member.seed}` : ''}: ` +
  ['y', 'x'].map(axis => `${chart[axis].title} ${short(valueOf(member, chart[axis].of))}`).join(', ')
