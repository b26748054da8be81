// What a person chose on the map: a group that was drawn around, images that were searched for, samples of the kept image's
// posterior.
import { createFind } from './find.js'
import { cornersOf, createGroup, createPosterior, parseChoice } from './group.js'

// `map()` is { shown, points, figure, images, colouring, kept } as they are now; `fetched(source, url, then)` asks the server
// for one map, `tell` the page.
export function createChosen(part, overlay, urls, map, { moment, fetched, fault, tell, onKeep }) {
  let group = null
  const box = createGroup(part('group'), {
    onPick: row => onKeep({ row, i: map().points.indexOf(row) }),
    onKeep: name => tell('commit', { keepGroup: name }),
    onDrop: () => tell('commit', { dropGroup: true }),
    isTaken: name => map().shown.groupNames.includes(name),
    onClear: () => letGo(),
  })
  const find = createFind(part('find'), {
    url: urls.search,
    moment,
    onOne: i => onKeep({ row: map().points.row[i], i }, { find: '' }),
    onLit: () => map().figure?.select(find.positions ?? group?.positions ?? null),
    onTell: text => tell('commit', { find: text }),
  })
  const posterior = createPosterior(part('posterior'), { onSample: sample })

  // The line around the group, and its points in colour on grey.
  function draw() {
    const { figure, shown } = map()
    overlay.stroke(group ? cornersOf(shown.polygon) : null)
    overlay.draw(figure)
    figure.select(group?.positions ?? find.positions)
  }
  function open() {
    const wanted = map().shown.polygon
    group = null
    box.hide()
    fault('', 'group')
    if (!wanted) return draw()
    fetched('group', urls.group(), async answer => {
      const parsed = parseChoice(await answer.arrayBuffer(), true)
      if (map().shown.polygon !== wanted) return
      group = parsed
      draw()
      describe()
    })
  }
  // Its numbers by what the points are coloured by, its files by its name.
  function describe() {
    if (!group) return
    const { points, images, colouring, shown } = map()
    const links = { csv: urls.groupFile('csv'), png: urls.groupFile('png'), shape: urls.group() }
    box.show(group, { about: points.about, images, colouring, links, name: shown.groupName })
  }
  function letGo() {
    find.forget()
    tell('commit', { polygon: null, find: '' })
  }
  const canSample = ({ points, kept }) => Boolean(points.about.variational && kept && (kept.own || kept.i !== undefined))
  function sample(seed) {
    const { kept } = map()
    if (!canSample(map())) return
    fetched('posterior', urls.posterior(kept, seed), async answer => {
      const buffer = await answer.arrayBuffer()
      if (map().kept !== kept) return
      overlay.samples(posterior.show(buffer))
      overlay.draw(map().figure)
    })
  }
  return {
    find, open, describe, letGo,
    get any() { return Boolean(group || find.positions) },
    // A line that was not finished gives way to the group's own.
    redraw() {
      overlay.stroke(group ? cornersOf(map().shown.polygon) : null)
      overlay.draw(map().figure)
    },
    offerSamples() { posterior.offer(canSample(map())) },
  }
}
