// Metrics: what each dimension of a model knows of each factor, beside what it draws; and the figures of all models.
import { at, jobUrl } from '../js/address.js'
import { element, partsOf, say } from '../js/dom.js'
import { watchLook } from '../js/look.js'
import { ready } from '../js/waiting.js'

const STEPS = 7
const mounted = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.lx-factors')
  if (!mounted.has(root)) mounted.set(root, createFactors(root, setTriggerValue))
  mounted.get(root).update(data)
  return () => { if (!root.isConnected) mounted.get(root).close() }
}

function createFactors(root, setTriggerValue) {
  const part = partsOf(root), life = new AbortController()
  const look = watchLook(root, part('heat'), {}, life.signal)
  let view = null, asked = '', listed = ''

  function update(data) {
    view = data
    look.follow()
    const now = JSON.stringify([data.models, data.figures])
    if (now !== listed) { listed = now; list() }
    part('model').value = data.model
    heat()
  }
  part('model').onchange = event => setTriggerValue('commit', event.target.value)

  function list() {
    part('model').replaceChildren(...view.models.map(({ id, words }) => new Option(words, id)))
    const head = element('tr'), body = element('tbody'), top = element('thead')
    head.append(element('th', '', ''), ...view.models.map(({ id, words }) => titled(heading(words, 'col'), id)))
    top.append(head)
    body.append(...view.figures.map(({ title, unit, tells, cells }) => {
      const row = element('tr'), name = titled(heading(`${title} `, 'row'), tells)
      name.append(element('small', '', unit))
      row.append(name, ...cells.map(cell => (cell ? titled(element('td', '', cell.value), cell.note) : element('td', '', '-'))))
      return row
    }))
    part('figures').replaceChildren(top, body)
  }

  async function heat() {
    const { model, dataset, count, label } = view, names = [model, dataset].map(encodeURIComponent).join('/')
    const mine = `${names}?count=${count}`
    if (mine === asked) return
    asked = mine
    root.dataset.ready = 'false'
    const stale = () => mine !== asked || life.signal.aborted
    try {
      const onWait = ({ doing, share }) => say(part('words'), `Preparing these images: ${doing}, ${Math.round(100 * share)} %`)
      const answer = await ready(at(`factors/${mine}`), jobUrl, { onWait, cancelled: stale })
      if (!answer) return
      const said = await answer.json()
      if (stale()) return
      fault('')
      lay(said, at(`traversal/${mine}&at=mean&steps=${STEPS}${label === null ? '' : `&label=${label}`}`))
    } catch (error) {
      if (stale()) return
      asked = ''
      part('heat').replaceChildren()
      say(part('words'), '')
      fault(error.message)
    }
    root.dataset.ready = 'true'
  }
  function fault(words) { say(part('fault'), words); part('fault').hidden = !words }

  function lay({ rows, names, share, images }, picture) {
    const most = Math.max(...share.flat(), 1e-9), top = element('thead'), head = element('tr'), body = element('tbody')
    const walk = titled(heading('−3σ … +3σ', 'col'), 'What the decoder draws along the dimension while all others are held in the middle')
    head.append(heading('', 'col'), walk, ...names.map(name => titled(heading(name, 'col'), `How much of the ${name} each dimension knows`)))
    top.append(head)
    body.append(...rows.map((dimension, k) => {
      const row = element('tr'), drawn = element('td', 'lx-walk')
      drawn.style.backgroundImage = `url("${picture}")`
      drawn.style.setProperty('--row', rows.length > 1 ? k / (rows.length - 1) : 0)
      drawn.setAttribute('role', 'img')
      drawn.ariaLabel = `Images along dimension ${dimension + 1}`
      row.append(heading(`z${dimension + 1}`, 'row'), drawn, ...share[k].map((value, f) => {
        const cell = titled(element('td', 'lx-knows', value.toFixed(2)), `Dimension ${dimension + 1} tells ${Math.round(100 * value)} % of what there is to know of the ${names[f]}`)
        cell.style.setProperty('--share', value / most)
        return cell
      }))
      return row
    }))
    part('heat').style.setProperty('--rows', rows.length)
    part('heat').style.setProperty('--steps', STEPS)
    part('heat').replaceChildren(top, body)
    const well = names.length > 1 ? ' Disentangled: one strong cell in each row and in each column.' : ''
    say(part('words'), `Mutual information of a dimension with a factor, as a share of the factor's entropy, over ${images.toLocaleString('en')} images; the stronger the colour the more, up to ${most.toFixed(2)}.${well}`)
  }
  const heading = (words, scope) => Object.assign(element('th', '', words), { scope })
  const titled = (node, words) => Object.assign(node, { title: words })
  return { update, close() { life.abort() } }
}
