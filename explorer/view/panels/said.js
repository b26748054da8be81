// What is said of one model's passage, in words and shares; pure, so that it can be tested.
import { number, trustWords } from '../js/words.js'

export const errorWords = ({ mse, nats }) => [mse.toPrecision(2), nats === null ? '' : `${number(nats, 1)} nats`].filter(Boolean).join(' · ')
export const rateWords = ({ rate }) => (rate === null ? 'no posterior' : `${number(rate, 1)} nats`)

// How large a value is beside the largest among all, 0 to 1; null has none.
export function shareOf(value, values) {
  const most = Math.max(...values.filter(one => one !== null), 0)
  return value === null || most <= 0 ? 0 : Math.max(0, value) / most
}

// The places of an ellipse around a place, with half axes so many times `sigma` [x, y].
const CORNERS = 48
export const ellipse = ([x, y], [across, up], times) => Array.from({ length: CORNERS }, (_, k) => {
  const angle = 2 * Math.PI * k / CORNERS
  return [x + times * across * Math.cos(angle), y + times * up * Math.sin(angle)]
})

// How a map lies on the first one, in words: short, and in full.
const FEWEST = 3                  // images in common; latent/align.py has the same number
export const isTurned = turn => Boolean(turn && turn.shared >= FEWEST)
export const turnWords = turn => (isTurned(turn) ? `Turned; ${Math.round(100 * turn.residual)} % of the variance is left` : 'Not turned')
export const turnReason = (turn, title) => (isTurned(turn)
  ? `Turned, mirrored, scaled and moved as a whole so that its ${turn.shared.toLocaleString('en')} images lie as near as they can to the same images on the map of ${title}. `
    + 'What is left of the variance there is the share that no such move brings to its place.'
  : `It has no images in common with the map of ${title}.`)

// All of one answer for a screen reader.
export const spoken = told => told.map(({ title, said }) =>
  `${title}: error ${errorWords(said)}, rate ${rateWords(said)}, ${trustWords(said.trust)[1]}.`).join(' ')

// A group as the address has it: the model on whose map it was drawn, and its corners.
export function groupOf(text) {
  const cut = text.indexOf(':')
  if (cut < 0) return null
  const values = text.slice(cut + 1).split('_').map(Number)
  return { model: text.slice(0, cut), corners: values.flatMap((x, k) => (k % 2 ? [] : [[x, values[k + 1]]])) }
}
