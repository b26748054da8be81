// The decoded image: what it is, how far to trust it, and which real images lie near.
import { mark, partsOf, say } from '../js/dom.js'
import { createNearest } from '../js/nearest.js'
import { className, trustWords } from '../js/words.js'

export function createDecoded(root, { onPick }) {
  const part = partsOf(root), nearest = createNearest(part('nearest'), onPick)
  let about = null

  return {
    open(nextAbout, images) { about = nextAbout; nearest.open(about, images) },
    // Until the answer with details comes, the words belong to the place before.
    waiting() { mark(root, 'stale', '') },
    show(said, { kind, words }) {
      const canvas = part('decoded')
      canvas.dataset.z = said.z.map(value => value.toFixed(3)).join(',')
      canvas.dataset.source = said.source
      mark(part('decoded-card'), 'kind', kind)
      say(part('decoded-title'), kind === 'reconstruction' ? 'Reconstruction' : 'Generated')
      say(part('decoded-caption'), words)
      if (said.trust) detail(said)
    },
  }
  function detail(said) {
    delete root.dataset.stale
    mark(part('trust'), 'trust', said.trust)
    say(part('trust'), trustWords(said.trust).join(' '))
    say(part('why'), said.why)
    nearest.show(said.neighbours)
    const [first] = said.neighbours, looks = said.reads === undefined ? first && `Most like ${className(about, first.label)}` : `Looks like ${className(about, said.reads)}`
    say(part('status'), [looks, trustWords(said.trust)[1]].filter(Boolean).join(', ') + '.')
    part('decoded').ariaLabel = `Decoded image: ${part('status').textContent}`
  }
}
