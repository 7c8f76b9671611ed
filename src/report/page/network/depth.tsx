// Error along the network: where it begins, and how it gathers.

import { axisX, axisY, dot, gridY, line, type PlotOptions, pointerX, ruleX, ruleY, tip } from '@observablehq/plot'
import { useCallback, useMemo, useState } from 'preact/hooks'
import type { Measure, Row } from '../model.js'
import { Chart } from '../parts/chart.js'
import { Choice } from '../parts/choice.js'
import { cosineText, counted, fixed } from '../parts/format.js'

interface DepthProps {
  readonly rows: readonly Row[]
  readonly ownCosine: readonly (number | null)[]
  readonly selected: number | undefined
  readonly compared: number
  readonly onOpen: (tensor: number) => void
}

interface Point {
  readonly index: number
  readonly name: string
  readonly kind: string
  readonly accumulated: number | null
  readonly own: number | null
}

export function Depth({ rows, ownCosine, selected, compared, onOpen }: DepthProps) {
  const [measure, setMeasure] = useState<Measure>('sqnr')
  const points = useMemo(
    () =>
      rows.map(({ index, tensor, kind, sqnr, ownSqnr, cosine }): Point => {
        const [accumulated, own] = measure === 'sqnr' ? [sqnr, ownSqnr] : [cosine, ownCosine[index] ?? null]
        return { index, name: tensor.name, kind, accumulated, own }
      }),
    [rows, ownCosine, measure],
  )
  const options = useCallback(
    (width: number) => depthOptions(points, measure, selected, width),
    [points, measure, selected],
  )
  const pick = useCallback((datum: unknown) => onOpen((datum as Point).index), [onOpen])
  return (
    <section aria-labelledby="depth">
      <div class="title">
        <h2 id="depth">Error along the network</h2>
        <Choice
          legend="Measure"
          name="measure"
          options={[
            ['sqnr', 'SQNR, dB'],
            ['cosine', 'cosine'],
          ]}
          value={measure}
          onChange={setMeasure}
        />
      </div>
      <p class="key">
        <span class="swatch own" /> the operator alone, fed with float values: low points are the culprits{' '}
        <span class="swatch accumulated" /> all that has gathered up to here: the damage
      </p>
      <Chart
        label={`${measure === 'sqnr' ? 'Signal to noise in decibels' : 'Cosine'} of every tensor in network order. The table of tensors has the numbers.`}
        options={options}
        onPick={pick}
      />
      <p class="quiet">Measured on {counted(compared, 'sample')}. Click a point to open its tensor.</p>
    </section>
  )
}

const highest = (points: readonly Point[]) =>
  Math.max(10, ...points.map(({ own, accumulated }) => Math.max(own ?? 0, accumulated ?? 0)))

function depthOptions(
  points: readonly Point[],
  measure: Measure,
  selected: number | undefined,
  width: number,
): PlotOptions {
  const chosen = points.filter(({ index }) => index === selected)
  const text = (value: number | null) => (measure === 'sqnr' ? `${fixed(value, 1)} dB` : cosineText(value))
  const title = ({ index, name, kind, own, accumulated }: Point) =>
    `${index}  ${name}\n${kind}\nalone ${text(own)}\ngathered ${text(accumulated)}`
  const known = points.filter(({ own, accumulated }) => own !== null || accumulated !== null)
  const last = Math.max(1, points.length - 1)
  // No more than there are places, so that none has a fraction.
  const ticks = Math.min(last, Math.max(3, Math.floor(width / 90)))
  return {
    height: Math.min(320, Math.max(220, width * 0.32)),
    marginLeft: 44,
    marginRight: 8,
    style: { background: 'transparent', fontFamily: 'inherit', fontSize: '11px' },
    x: { domain: [0, last] },
    // What is all but exact would squeeze the rest.
    y: measure === 'sqnr' ? { domain: [0, Math.min(60, highest(known))], nice: true, clamp: true } : { nice: true },
    marks: [
      gridY({ stroke: 'var(--rule)', strokeOpacity: 1 }),
      axisY({ label: null, tickSize: 0, ticks: 5 }),
      axisX({ label: 'tensor, in network order', tickSize: 0, ticks }),
      ...(measure === 'sqnr' ? [ruleY([0], { stroke: 'var(--rule)' })] : []),
      ruleX(chosen, { x: 'index', stroke: 'var(--text)', strokeDasharray: '2,3' }),
      line(points, { x: 'index', y: 'accumulated', stroke: 'var(--damage)', strokeWidth: 1.6 }),
      dot(points, { x: 'index', y: 'own', r: width < 600 ? 2 : 2.6, fill: 'var(--own)' }),
      tip(
        known,
        pointerX({
          x: 'index',
          y: (point: Point) => point.own ?? point.accumulated,
          maxRadius: Number.POSITIVE_INFINITY,
          title,
          fill: 'var(--raised)',
          stroke: 'var(--line)',
        }),
      ),
    ],
  }
}
