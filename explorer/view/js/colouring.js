// What the points are coloured by: groups of points, each with a name and a colour. A class is a group, and so is one of
// the dozen ranges of a number (an error, a density): one legend shows, hides and isolates both.
import { classColour } from './theme.js'

// A ramp for numbers that keeps its order in grey and for every kind of colour vision (after cividis, Nunez et al. 2018),
// shortened at both ends so that no colour is lost on a light or a dark ground.
const RAMP = ['#1F3B73', '#36507A', '#4B6080', '#5F7083', '#737F84', '#888F82', '#9E9F7B', '#B5B070', '#CDC160', '#E6D34A']

export function rampColour(share) {
  const at = Math.max(0, Math.min(1, share)) * (RAMP.length - 1), low = Math.min(RAMP.length - 2, Math.floor(at))
  const parts = [RAMP[low], RAMP[low + 1]].map(hex => [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16)))
  const mixed = parts[0].map((value, k) => Math.round(value + (parts[1][k] - value) * (at - low)))
  return `rgb(${mixed.join(',')})`
}

// The classes of a data set, which travel with the points.
export const byLabel = points => ({
  key: 'label', kind: 'category', title: points.about.noun, of: points.label,
  groups: points.about.classes.map((name, c) => ({ name, colour: classColour(c) })),
})

// Any other column: uint32 length of a JSON header, the header, then one group (uint8) per point.
export function parseColumn(key, buffer) {
  const [length] = new Uint32Array(buffer, 0, 1)
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)))
  const number = said.kind === 'number'
  const groups = said.groups.map((name, k) => ({
    name, colour: number ? rampColour(k / Math.max(1, said.groups.length - 1)) : classColour(k),
  }))
  return { key, kind: said.kind, title: said.title, unit: said.unit, of: new Uint8Array(buffer, 4 + length), groups }
}
