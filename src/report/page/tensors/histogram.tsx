// A tensor's values: log counts, with the range of every quantization drawn in.

import { axisX, axisY, gridY, type PlotOptions, pointerX, rectY, ruleX, ruleY, text, tip } from '@observablehq/plot'
import { useCallback } from 'preact/hooks'
import type { QuantizationEntry, TensorEntry } from '../../data/types.js'
import { Chart } from '../parts/chart.js'
import { short } from '../parts/format.js'

interface HistogramProps {
  readonly tensor: TensorEntry
  readonly index: number
  readonly quantizations: readonly QuantizationEntry[]
  readonly shown: QuantizationEntry
}

interface Bin {
  readonly from: number
  readonly to: number
  readonly count: number
}

interface Bound {
  readonly x: number
  readonly mode: string
  readonly isShown: boolean
}

export function Histogram({ tensor, index, quantizations, shown }: HistogramProps) {
  const options = useCallback(
    (width: number) => histogramOptions(binsOf(tensor), boundsOf(index, quantizations, shown), width),
    [tensor, index, quantizations, shown],
  )
  return (
    <Chart
      label={`Histogram of ${tensor.name}: ${short(tensor.min)} to ${short(tensor.max)}. Ranges of the quantizations are in the table beside it.`}
      options={options}
    />
  )
}

function binsOf({ histogram: { start, step, counts } }: TensorEntry): Bin[] {
  return counts.map((count, i) => ({ from: start + i * step, to: start + (i + 1) * step, count }))
}

function boundsOf(index: number, quantizations: readonly QuantizationEntry[], shown: QuantizationEntry): Bound[] {
  return quantizations.flatMap((quantization) => {
    const { scales, lows, highs, offsets, mode, iteration } = quantization
    const several = quantizations.some((other) => other !== quantization && other.mode === mode)
    const name = several ? `${mode} ${iteration}` : mode
    return [lows[index]!, highs[index]!].map((code) => ({
      x: code * scales[index]! + offsets[index]!,
      mode: name,
      isShown: quantization === shown,
    }))
  })
}

function histogramOptions(bins: readonly Bin[], bounds: readonly Bound[], width: number): PlotOptions {
  const filled = bins.filter(({ count }) => count > 0)
  const most = Math.max(1, ...filled.map(({ count }) => count))
  const [from, to] = [bins[0]?.from ?? 0, bins.at(-1)?.to ?? 1]
  // A range far wider than the values is told by the table: drawing it would leave no room for them.
  const room = (to - from) * 0.6
  const near = bounds.filter(({ x }) => x >= from - room && x <= to + room)
  const xs = [from, to, ...near.map(({ x }) => x)]
  return {
    height: 200,
    marginLeft: 44,
    // Half of a mode's name, which stands at its bound.
    marginRight: 30,
    marginTop: 26,
    style: { background: 'transparent', fontFamily: 'inherit', fontSize: '11px' },
    x: { domain: [Math.min(...xs), Math.max(...xs)] },
    y: { type: 'log', domain: [0.5, most * 1.5] },
    marks: [
      gridY({ stroke: 'var(--rule)', strokeOpacity: 1, ticks: 4 }),
      axisY({ label: 'values (log)', tickSize: 0, ticks: 4, tickFormat: '~s' }),
      axisX({ label: null, tickSize: 3, ticks: Math.max(3, Math.floor(width / 80)) }),
      rectY(filled, { x1: 'from', x2: 'to', y1: 0.5, y2: 'count', fill: 'var(--bars)', inset: 0 }),
      ruleY([0.5], { stroke: 'var(--line)' }),
      ruleX(near, {
        x: 'x',
        stroke: (bound: Bound) => (bound.isShown ? 'var(--own)' : 'var(--quiet)'),
        strokeWidth: (bound: Bound) => (bound.isShown ? 1.8 : 1),
        strokeDasharray: '3,2',
      }),
      text(
        near.filter(({ isShown }) => isShown),
        { x: 'x', frameAnchor: 'top', dy: -14, text: 'mode', fontSize: 10, fill: 'var(--own)' },
      ),
      tip(filled, pointerX({ x1: 'from', x2: 'to', y: 'count', fill: 'var(--raised)', stroke: 'var(--line)', title })),
    ],
  }
}

function title({ from, to, count }: Bin): string {
  return `${short(from)} to ${short(to)}\n${count.toLocaleString('en')} values`
}
