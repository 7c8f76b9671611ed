// All that is known of one tensor.

import type { QuantizationEntry } from '../../data/types.js'
import type { Report, View } from '../model.js'
import { cosineText, counted, fixed, nothing, percent, short, signedPercent } from '../parts/format.js'
import { Headings } from '../parts/headings.js'
import { Channels } from './channels.js'
import { Histogram } from './histogram.js'
import { Shifts } from './shifts.js'

interface DetailProps {
  readonly report: Report
  readonly index: number
  readonly shown: QuantizationEntry
}

export function Detail({ report, index, shown }: DetailProps) {
  const tensor = report.tensors[index]!
  const at = report.operators.findIndex(({ outputs }) => outputs.includes(tensor.name))
  const operator = report.operators[at]
  return (
    <div class="detail">
      <p class="facts">
        <span>[{tensor.dims.join(' × ')}]</span>
        <span>{tensor.bits} bits</span>
        <span>
          {short(tensor.min)} to {short(tensor.max)}
        </span>
        <span>{percent(tensor.zeros)} zeros</span>
        <span>{tensor.observed ? 'counted' : 'statistics follow from its inputs’'}</span>
        {shown.drift != null && (
          <span>
            range {signedPercent(shown.drift.changes[index])} since the first {counted(shown.drift.samples, 'sample')}
          </span>
        )}
        {tensor.scaleOf !== tensor.name && <span>shares the scale of {tensor.scaleOf}</span>}
        {operator !== undefined && (
          <span>
            {operator.nodes.join(' › ')} of {operator.inputs.join(', ')}
          </span>
        )}
      </p>
      <div class="columns">
        <div>
          <h4>Values over the calibration samples</h4>
          <Histogram tensor={tensor} index={index} quantizations={report.quantizations} shown={shown} />
          <Ranges report={report} index={index} shown={shown} />
        </div>
        <div>
          {shown.compared > 0 && <Errors shown={shown} index={index} />}
          {operator !== undefined && (
            <Shifts kind={operator.kind} parameters={shown.parameters[at] ?? {}} qRange={report.qRange} />
          )}
          {operator?.channelRanges != null && operator.channelRanges.length > 1 && (
            <>
              <h4>Weights by channel</h4>
              <Channels name={operator.name} ranges={operator.channelRanges} />
            </>
          )}
        </div>
      </div>
    </div>
  )
}

/** Every quantization's range, and what it costs by the histogram. */
function Ranges({ report, index, shown }: DetailProps) {
  return (
    <table class="compact">
      <caption>What each range costs, as RMSE over these values</caption>
      <Headings first="mode" numbers={['scale', 'range', 'clipping', 'rounding']} />
      <tbody>
        {report.quantizations.map((quantization) => {
          const { directory, mode, scales, lows, highs, offsets, clipping, rounding } = quantization
          const scale = scales[index]!
          return (
            <tr key={directory} class={quantization === shown ? 'shown' : ''}>
              <th scope="row">{mode}</th>
              <td class="number">{short(scale)}</td>
              <td class="number">
                {short(lows[index]! * scale + offsets[index]!)} … {short(highs[index]! * scale + offsets[index]!)}
              </td>
              <td class="number">{short(clipping[index])}</td>
              <td class="number">{short(rounding[index])}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Errors({ shown, index }: Pick<DetailProps, 'shown' | 'index'>) {
  const views: readonly View[] = ['own', 'accumulated']
  const cells = (read: (view: View) => string) =>
    views.map((view) => (
      <td key={view} class="number">
        {read(view)}
      </td>
    ))
  const column = (view: View, name: keyof QuantizationEntry['own']) => shown[view][name][index] ?? null
  const rows: readonly (readonly [string, (view: View) => string])[] = [
    ['SQNR', (view) => (column(view, 'sqnr') === null ? nothing : `${fixed(column(view, 'sqnr'), 1)} dB`)],
    ['cosine', (view) => cosineText(column(view, 'cosine'))],
    ['relative error (MRE)', (view) => percent(column(view, 'mre'))],
    ['RMSE', (view) => short(column(view, 'rmse'))],
    ['largest difference', (view) => short(column(view, 'maxDiff'))],
    ['mean error (bias)', (view) => short(column(view, 'meanError'))],
    ['above / below float', (view) => `${percent(column(view, 'above'))} / ${percent(column(view, 'below'))}`],
    ['beyond the range', (view) => `${percent(column(view, 'clippedLow'))} / ${percent(column(view, 'clippedHigh'))}`],
    [
      'at the lowest / highest code',
      (view) => `${percent(column(view, 'atLow'))} / ${percent(column(view, 'atHigh'))}`,
    ],
    ['codes used', (view) => percent(column(view, 'codesUsed'))],
  ]
  return (
    <table class="compact">
      <caption>Error against float, {shown.mode}</caption>
      <Headings first="measure" numbers={['alone', 'gathered']} />
      <tbody>
        {rows.map(([name, read]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {cells(read)}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
