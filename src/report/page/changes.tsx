// Two runs side by side: what was asked differently, what came of it, and which layers gained or lost.

import { useMemo, useState } from 'preact/hooks'
import { firstShown, type Report, rowsOf } from './model.js'
import { Choice } from './parts/choice.js'
import { fixed, nothing, short } from './parts/format.js'
import { Headings } from './parts/headings.js'
import { Scroll } from './parts/scroll.js'

interface Change {
  readonly name: string
  readonly index: number
  readonly before: number | null
  readonly after: number | null
  /** after - before; null where one of them has none. */
  readonly gain: number | null
}

const orders = [
  ['lost', 'most lost first'],
  ['gained', 'most gained first'],
  ['network', 'network order'],
] as const
type Order = (typeof orders)[number][0]

export function Changes({ before, after }: { readonly before: Report; readonly after: Report }) {
  const [order, setOrder] = useState<Order>('lost')
  const changes = useMemo(() => changesOf(before, after), [before, after])
  const shown = useMemo(() => sorted(changes, order), [changes, order])
  return (
    <>
      <section aria-labelledby="outcome">
        <h2 id="outcome">What changed</h2>
        <Outcomes before={before} after={after} />
      </section>
      <section aria-labelledby="layers">
        <div class="title">
          <h2 id="layers">By layer</h2>
          <Choice legend="Order" name="order" options={orders} value={order} onChange={setOrder} />
        </div>
        <p class="key">
          SQNR of each operator alone, in dB, of the best quantization of each run. A gain is less noise.
        </p>
        <Scroll label="Layers of both runs">
          <table class="tensors">
            <Headings first="tensor" numbers={['A', 'B', 'gain']} />
            <tbody>
              {shown.map((change) => (
                <tr key={change.name}>
                  <th scope="row" class="name">
                    {change.name}
                  </th>
                  <td class="number">{fixed(change.before, 1)}</td>
                  <td class="number">{fixed(change.after, 1)}</td>
                  <td class={change.gain !== null && change.gain < -0.05 ? 'number bad' : 'number'}>
                    {gainText(change.gain)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </section>
    </>
  )
}

function Outcomes({ before, after }: { readonly before: Report; readonly after: Report }) {
  const rows = [...outcomeRows(before, after), ...optionRows(before, after)]
  return (
    <table class="compact">
      <thead>
        <tr>
          <th scope="col"> </th>
          <th scope="col">A</th>
          <th scope="col">B</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, a, b]) => (
          <tr key={name}>
            <th scope="row" class="quiet">
              {name}
            </th>
            <td>{a}</td>
            <td>{b}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

type TextRow = readonly [name: string, a: string, b: string]

function outcomeRows(before: Report, after: Report): TextRow[] {
  const of = (read: (report: Report) => string): readonly [string, string] => [read(before), read(after)]
  const loss = ({ results: [best] }: Report) =>
    best?.loss == null ? nothing : `${fixed(best.loss, 3)} % (${best.mode})`
  const metric = ({ results: [best] }: Report) =>
    best?.floatMetric == null ? nothing : `${short(best.floatMetric)} to ${short(best.fixMetric)}`
  const output = (report: Report) => {
    const sqnr = report.quantizations[firstShown(report)]?.accumulated.sqnr.at(-1)
    return sqnr == null ? nothing : `${fixed(sqnr, 1)} dB`
  }
  return [
    ['model', ...of(({ model }) => model)],
    ['least loss', ...of(loss)],
    ['metric, float to integer', ...of(metric)],
    ['output', ...of(output)],
    ['operators', ...of(({ operators }) => String(operators.length))],
    ['calibration samples', ...of(({ data }) => String(data.samples))],
    ['data', ...of(({ data }) => data.digest.slice(0, 12))],
  ]
}

/** Options that are not the same. */
function optionRows(before: Report, after: Report): TextRow[] {
  const names = new Set([...Object.keys(before.options), ...Object.keys(after.options)])
  return [...names].flatMap((name): TextRow[] => {
    const [a, b] = [before, after].map(({ options }) => optionText(options[name])) as [string, string]
    return a === b ? [] : [[name, a, b]]
  })
}

function optionText(value: unknown): string {
  if (value === undefined || value === null) return nothing
  if (Array.isArray(value)) return value.map(optionText).join(' ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function changesOf(before: Report, after: Report): Change[] {
  const [a, b] = [before, after].map((report) => {
    const quantization = report.quantizations[firstShown(report)]
    const rows = quantization === undefined ? [] : rowsOf(report, quantization)
    return new Map(rows.map(({ tensor, ownSqnr }) => [tensor.name, ownSqnr]))
  }) as [Map<string, number | null>, Map<string, number | null>]
  return [...new Set([...a.keys(), ...b.keys()])].map((name, index) => {
    const [was, is] = [a.get(name) ?? null, b.get(name) ?? null]
    return { name, index, before: was, after: is, gain: was === null || is === null ? null : is - was }
  })
}

function sorted(changes: readonly Change[], order: Order): Change[] {
  if (order === 'network') return [...changes]
  const sign = order === 'lost' ? 1 : -1
  const of = ({ gain }: Change) => (gain === null ? Number.POSITIVE_INFINITY : sign * gain)
  return [...changes].sort((x, y) => (of(x) === of(y) ? x.index - y.index : of(x) - of(y)))
}

function gainText(gain: number | null): string {
  if (gain === null) return nothing
  return `${gain > 0 ? '+' : ''}${fixed(gain, 1)}`
}
