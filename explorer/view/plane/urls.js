// The addresses of what the server answers about a view.
import { at } from '../js/address.js'

const MAP = ['model', 'dataset', 'projection'], ATLAS = ['model', 'dataset']

// `shown()` is the view that is asked about; see PlaneData in plane.py.
export function urlsOf(shown) {
  const of = (kind, keys, part = '', more = '') =>
    at(`${kind}/${keys.map(key => encodeURIComponent(shown()[key])).join('/')}${part}?count=${shown().count}${more}`)
  const label = () => (shown().label === null ? '' : `&label=${shown().label}`)
  const group = () => `&polygon=${encodeURIComponent(shown().polygon)}&classes=${shown().classes}`
  return {
    points: () => of('points', MAP),
    quality: () => of('quality', MAP),
    grid: () => of('grid', MAP, '', label()),
    column: name => of('column', ATLAS, `/${encodeURIComponent(name)}`),
    layer: name => of('layer', MAP, `/${name}`, label()),
    search: text => of('search', ATLAS, '', `&q=${encodeURIComponent(text)}`),
    group: () => of('group', MAP, '', group()),
    groupFile: kind => of('group', MAP, `/group.${kind}`, `${group()}&name=${encodeURIComponent(shown().groupName)}`),
    posterior: ({ row, own }, seed) => of('posterior', MAP, '', `&at=${own ? `own:${own}` : `row:${row}`}&seed=${seed}${label()}`),
    python: ({ row, xy, own }) => of('python', MAP, '', `${own ? `&own=${own}` : xy ? `&place=${xy.join(',')}` : `&row=${row}`}${label()}`),
  }
}
