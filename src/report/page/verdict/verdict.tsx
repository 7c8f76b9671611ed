// What became of the model: the loss, every quantization of the run, the worst layers, and what to do.

import type { QuantizationEntry } from '../../data/types.js'
import { type Report, type Row, worstRows } from '../model.js'
import { fixed, nothing, short } from '../parts/format.js'
import { Headings } from '../parts/headings.js'
import { Scroll } from '../parts/scroll.js'
import { Chosen } from './chosen.js'
import { Noise } from './noise.js'

interface VerdictProps {
  readonly report: Report
  readonly rows: readonly Row[]
  readonly shown: QuantizationEntry | undefined
  readonly onOpen: (tensor: number) => void
  readonly onShow: (quantization: number) => void
}

export function Verdict({ report, rows, shown, onOpen, onShow }: VerdictProps) {
  return (
    <section aria-labelledby="verdict">
      <h2 id="verdict">Verdict</h2>
      <Headline report={report} shown={shown} rows={rows} />
      <div class="columns">
        <div>
          <h3>Quantizations</h3>
          <Quantizations report={report} shown={shown} onShow={onShow} />
          <Chosen report={report} />
        </div>
        <div>
          <h3>Worst layers, each by itself</h3>
          <Worst rows={worstRows(rows, 5)} onOpen={onOpen} />
        </div>
      </div>
      <Noise report={report} shown={shown} onOpen={onOpen} />
      <Advices report={report} onOpen={onOpen} />
    </section>
  )
}

function Headline({ report, shown, rows }: Pick<VerdictProps, 'report' | 'shown' | 'rows'>) {
  const best = report.results[0]
  if (best === undefined || best.error !== null) {
    return <p class="headline bad">No quantization of this run could be made.</p>
  }
  const last = rows.at(-1)
  const output =
    last?.sqnr == null
      ? ''
      : `The last tensor, ${last.tensor.name}, keeps ${fixed(last.sqnr, 1)} dB of signal to noise.`
  if (best.loss === null) {
    return (
      <p class="headline">
        <strong>{last?.sqnr == null ? 'Not measured' : `${fixed(last.sqnr, 1)} dB`}</strong>
        <span>
          The data has no metric, so there is no loss. {shown === undefined ? '' : `${output} (${shown.mode})`}
        </span>
      </p>
    )
  }
  return (
    <p class="headline">
      <strong>{fixed(best.loss, 2)} %</strong>
      <span>
        loss with {best.mode}: the metric is {short(best.floatMetric)} in float and {short(best.fixMetric)} in integers.{' '}
        {output}
      </span>
    </p>
  )
}

function Quantizations({ report, shown, onShow }: Pick<VerdictProps, 'report' | 'shown' | 'onShow'>) {
  return (
    <Scroll label="Quantizations of this run">
      <table class="compact">
        <Headings first="mode" numbers={['-i', 'loss', 'float', 'integer', 'output']} />
        <tbody>
          {report.results.map((result) => {
            const index = report.quantizations.findIndex(({ directory }) => directory === result.directory)
            const quantization = report.quantizations[index]
            return (
              <tr key={result.directory} class={quantization !== undefined && quantization === shown ? 'shown' : ''}>
                <th scope="row">
                  {quantization !== undefined && quantization.compared > 0 && quantization !== shown ? (
                    <button type="button" class="link" onClick={() => onShow(index)}>
                      {result.mode}
                    </button>
                  ) : (
                    result.mode
                  )}
                </th>
                <td class="number">{result.iteration}</td>
                {result.error === null ? (
                  <>
                    <td class="number">{result.loss === null ? nothing : `${fixed(result.loss, 2)} %`}</td>
                    <td class="number">{short(result.floatMetric)}</td>
                    <td class="number">{short(result.fixMetric)}</td>
                    <td class="number">{decibels(quantization?.accumulated.sqnr.at(-1))}</td>
                  </>
                ) : (
                  <td colSpan={4} class="bad">
                    failed: {result.error}
                  </td>
                )}
              </tr>
            )
          })}
        </tbody>
      </table>
    </Scroll>
  )
}

function decibels(value: number | null | undefined): string {
  return value == null ? nothing : `${fixed(value, 1)} dB`
}

function Worst({ rows, onOpen }: { readonly rows: readonly Row[]; readonly onOpen: (tensor: number) => void }) {
  if (rows.length === 0) return <p class="quiet">Layers were not compared: --compare-iteration asked for none.</p>
  const best = 50
  return (
    <ol class="worst">
      {rows.map((row) => (
        <li key={row.index}>
          <button type="button" class="link name" onClick={() => onOpen(row.index)}>
            {row.tensor.name}
          </button>
          <span class="quiet">{row.kind}</span>
          <meter
            min={0}
            max={best}
            value={Math.min(best, Math.max(0, row.ownSqnr!))}
            aria-label={`${row.tensor.name}: signal to noise`}
          />
          <span class="number">{fixed(row.ownSqnr, 1)} dB</span>
        </li>
      ))}
    </ol>
  )
}

function Advices({ report, onOpen }: Pick<VerdictProps, 'report' | 'onOpen'>) {
  if (report.advice.length === 0) return null
  const indexOf = (name: string) => report.tensors.findIndex((tensor) => tensor.name === name)
  return (
    <>
      <h3>What to look at</h3>
      <ul class="advice">
        {report.advice.map(({ rule, tensor, text, evidence, next }) => {
          const index = tensor === null ? -1 : indexOf(tensor)
          return (
            <li key={`${rule}${tensor}`}>
              <p>
                {tensor !== null && index >= 0 ? (
                  <button type="button" class="link name" onClick={() => onOpen(index)}>
                    {tensor}
                  </button>
                ) : (
                  tensor !== null && <span class="name">{tensor}</span>
                )}{' '}
                {text} <span class="quiet">{evidence}</span>
              </p>
              {next?.startsWith('-') ? <code>{next}</code> : next !== null && <p class="quiet">{next}</p>}
            </li>
          )
        })}
      </ul>
    </>
  )
}
