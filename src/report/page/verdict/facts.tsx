// How the run came about.

import type { Report, RunFacts } from '../model.js'
import { counted, seconds } from '../parts/format.js'

export function Facts({ report, run }: { readonly report: Report; readonly run: RunFacts | null }) {
  const { chip, bitWidth, selection, image, modes, ...options } = report.options
  const given = Object.entries(options).filter(([, value]) => value !== null && typeof value !== 'object')
  return (
    <section aria-labelledby="run">
      <h2 id="run">Run</h2>
      {run?.command != null && <pre>squire {run.command.map(quoted).join(' ')}</pre>}
      <dl>
        <dt>chip</dt>
        <dd>
          {String(chip)}, {String(bitWidth)} bit
        </dd>
        <dt>data</dt>
        <dd>
          {counted(report.data.samples, 'calibration sample')}, digest <span class="name">{report.data.digest}</span>
        </dd>
        {report.skipped.length > 0 && (
          <>
            <dt>left out</dt>
            <dd>
              {counted(report.skipped.length, 'sample')}:{' '}
              {report.skipped
                .slice(0, 5)
                .map(({ id, reason }) => `${id} (${reason})`)
                .join('; ')}
              {report.skipped.length > 5 ? ' …' : ''}
            </dd>
          </>
        )}
        <dt>options</dt>
        <dd>{given.map(([name, value]) => `${name} ${String(value)}`).join(', ')}</dd>
        <dt>files</dt>
        <dd>
          {hashed(report).map((text) => (
            <div key={text}>{text}</div>
          ))}
        </dd>
        <dt>versions</dt>
        <dd>
          squire {report.versions.squire}, ONNX Runtime {report.versions.onnxruntime}
          {run !== null && `, Node ${run.node}, ${run.platform}`}
        </dd>
        {run !== null && (
          <>
            <dt>time</dt>
            <dd>
              {Object.entries(run.stageSeconds)
                .map(([stage, time]) => `${stage} ${seconds(time)}`)
                .join(', ')}{' '}
              with {run.workers} {run.workers === 1 ? 'worker' : 'workers'}; ended {run.ended}
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}

/** `model net.onnx, SHA-256 ab12...`, and the files that options name. */
function hashed({ model, hashes }: Report): string[] {
  return Object.entries(hashes).flatMap(([name, hash]) =>
    hash === null ? [] : [`${name === 'model' ? `model ${model}` : name}, SHA-256 ${hash}`],
  )
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
