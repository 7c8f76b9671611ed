import { describe, expect, it, vi } from 'vitest'
import { configure } from '../../../src/cli/configure.js'
import { createReporter } from '../../../src/report/console/reporter.js'
import type { ModeResult, RunResult } from '../../../src/report/types.js'

/** A terminal that keeps what it is told, with a clock that the test moves. */
async function reporting(words = '', { tty = false, environment = {} } = {}) {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) => ({
    isTTY: tty,
    write: (text: string) => {
      written[name] += text
    },
  })
  const clock = { now: 0 }
  const { config } = await configure(`quant -m /m/net.onnx -s /out ${words}`.trim().split(' '))
  const terminal = { stdout: stream('stdout'), stderr: stream('stderr'), now: () => clock.now, environment }
  return { reporter: await createReporter(config, terminal), written, clock, config }
}

const mode = (fields: Partial<ModeResult>): ModeResult => ({
  model: 'net',
  mode: 'kl',
  iteration: 10,
  loss: 1.25,
  floatMetric: 0.8,
  fixMetric: 0.79,
  directory: '.',
  files: ['net_quantize.onnx'],
  error: undefined,
  ...fields,
})

const run = (results: readonly ModeResult[], skipped: RunResult['skipped'] = []): RunResult => ({
  saveDir: '/out',
  results,
  skipped,
  stageSeconds: { 'graph optimization': 0.5 },
})

describe('the log in a pipe', () => {
  it('starts with the chosen options', async () => {
    const { reporter, written, config } = await reporting(
      '-qm kl percentile -i 10 20 --eval-iteration all --samples 50 -cn 2',
    )
    reporter.options(config)
    expect(written.stdout).toBe(`  model            /m/net.onnx
  chip             TX5105C, 8 bit
  modes            kl, percentile (0.99999)
  zero points      auto
  save-dir         /out
  drawn            50 samples by seed 0
  iterations       10, 20, evaluated on all
  batch size       1
  workers          2
`)
  })

  it('lists every option that shapes the result, where it is not the usual one', async () => {
    const { reporter, written, config } = await reporting(
      '--zero-points none --refine fast --equalize -is 1 3 8 8 -is 2 1 -qid uint8 --mean 1 2 3 --std 4 --color-space RGB -lt 3 4 -mc mix.json -cn 2',
    )
    reporter.options(config)
    expect(
      written.stdout
        .split('\n')
        .slice(3, -1)
        .map((line) => line.trim().replace(/ {2,}/, ' ')),
    ).toEqual([
      'zero points none',
      'save-dir /out',
      'iterations 1',
      'batch size 1',
      'input-shapes 1 3 8 8, 2 1',
      'mean 1, 2, 3',
      'std 4',
      'equalize yes',
      'refine fast',
      'quantize-input-dtype uint8',
      'layer-threshold 3, 4',
      `mix-config ${process.cwd()}/mix.json`,
      'color-space RGB',
      'workers 2',
    ])
  })

  it('lists no option that the run does not use', async () => {
    const { reporter, written, config } = await reporting('-r infer --on-bad-sample skip -cn 1')
    reporter.options({ ...config, refine: 'fast' })
    expect(written.stdout).toBe(`  model            /m/net.onnx
  iterations       1
  batch size       1
  on-bad-sample    skip
  run-mode         infer
  workers          1
`)
  })

  it('shows each stage once, and how long each took at the end, without colours', async () => {
    const { reporter, written, clock } = await reporting()
    reporter.stage('graph optimization')
    clock.now = 800
    reporter.stage('model quantization')
    clock.now = 130_800
    reporter.finish()
    reporter.finish()
    expect(written).toEqual({
      stdout: `stage 1, graph optimization
stage 2, model quantization
Time: graph optimization 0.8 s, model quantization 2 min 10 s; 2 min 11 s in all
`,
      stderr: '',
    })
  })

  it('shows work that takes long as a line after 3 s, then after 10 % and 2 s or 10 s, and at the end', async () => {
    const { reporter, written, clock } = await reporting()
    vi.useFakeTimers()
    const task = reporter.progress('calibration', 100, 'samples')
    for (const [seconds, done] of [
      [1, 5],
      [3, 30],
      [4, 50],
      [5, 60],
      [14.5, 61],
      [15, 62],
      [20, 100],
    ] as const) {
      const passed = seconds * 1000 - clock.now
      clock.now = seconds * 1000
      vi.advanceTimersByTime(passed)
      task.update(done)
    }
    task.finish()
    task.finish()
    vi.useRealTimers()
    expect(written).toEqual({
      stdout: '',
      stderr: `calibration: 5 of 100 samples (5 %), 1.7/s, 57 s left
calibration: 60 of 100 samples (60 %), 12.0/s, 3.3 s left
calibration: 62 of 100 samples (62 %), 4.1/s, 9.2 s left
calibration: 100 samples in 20 s, 5.0/s
`,
    })
  })

  it('shows quick work as one line', async () => {
    const { reporter, written, clock } = await reporting()
    vi.useFakeTimers()
    const task = reporter.progress('trying mse', 16, 'samples')
    clock.now = 500
    task.update(16)
    task.finish()
    vi.advanceTimersByTime(5000)
    vi.useRealTimers()
    expect(written.stderr).toBe('trying mse: 16 samples in 0.5 s, 32.0/s\n')
  })

  it.each([
    [0, 'note\n', 'warning: careful\ndebug: detail\n'],
    [1, 'note\n', 'warning: careful\n'],
    [2, '', 'warning: careful\n'],
    [3, '', ''],
  ])('at -l %i shows the notes of that level', async (level, stdout, stderr) => {
    const { reporter, written } = await reporting(`-l ${level}`)
    reporter.info('note')
    reporter.warn('careful')
    reporter.debug('detail')
    expect(written).toEqual({ stdout, stderr })
  })
})

describe('the results', () => {
  it('end with the files and the loss of one quantization, at any log level', async () => {
    const { reporter, written } = await reporting('-l 3')
    await reporter.results(run([mode({})]))
    expect(written.stdout).toBe(`Files:
  /out/net_quantize.onnx
  /out/report.html
Quantization Loss: 1.250 % (float 0.8000, fixed 0.7900)
`)
  })

  it.each([
    [{ loss: undefined, floatMetric: undefined, fixMetric: undefined }, 'Quantization Loss: none, there is no metric'],
    [
      { loss: undefined, floatMetric: 0 },
      'Quantization Loss: undefined, the float metric is 0 (float 0.0000, fixed 0.7900)',
    ],
    [{ error: 'OP:Conv_scaleFix q2:-12' }, 'Fail: OP:Conv_scaleFix q2:-12'],
  ])('say %j as: %s', async (fields, line) => {
    const { reporter, written } = await reporting()
    await reporter.results(run([mode(fields)]))
    expect(written.stdout.trimEnd().split('\n').at(-1)).toBe(line)
  })

  it('are a table for several, with Fail for one that failed', async () => {
    const { reporter, written } = await reporting('-qm kl mse')
    await reporter.results(
      run([
        mode({ directory: 'kl_it_10' }),
        mode({ mode: 'mse', directory: 'mse_it_10', error: 'q2 is -1', loss: undefined, fixMetric: undefined }),
      ]),
    )
    expect(written.stdout).toBe(`┌───────┬──────┬───────────┬─────────┬────────┬────────┬──────────────┐
│ model │ mode │ iteration │    loss │  float │  fixed │ subdirectory │
├───────┼──────┼───────────┼─────────┼────────┼────────┼──────────────┤
│ net   │ kl   │        10 │ 1.250 % │ 0.8000 │ 0.7900 │ kl_it_10     │
├───────┼──────┼───────────┼─────────┼────────┼────────┼──────────────┤
│ net   │ mse  │        10 │    Fail │ 0.8000 │      - │ mse_it_10    │
└───────┴──────┴───────────┴─────────┴────────┴────────┴──────────────┘
mse_it_10: q2 is -1
Best: kl, -i 10, Quantization Loss 1.250 %
Files are in /out
The report is /out/report.html
`)
  })

  it('are the metric alone when the model was only run', async () => {
    const { reporter, written } = await reporting('-r infer')
    await reporter.results(run([mode({ floatMetric: undefined, fixMetric: 0.8 })]))
    expect(written.stdout).toBe('Metric: 0.8000 (-i 10)\n')
  })

  it('list the first samples left out', async () => {
    const { reporter, written } = await reporting()
    const skipped = Array.from({ length: 12 }, (_, i) => ({ id: `${i}.jpg`, reason: 'NaN' }))
    await reporter.results(run([mode({})], skipped))
    expect(written.stdout).toMatch(/^Left out 12 samples:\n {2}0\.jpg: NaN\n[\s\S]* {2}9\.jpg: NaN\n {2}and 2 more\n/)
  })
})

describe('--json', () => {
  it('leaves stdout to the result', async () => {
    const { reporter, written, config } = await reporting('--json')
    reporter.options(config)
    reporter.stage('graph optimization')
    reporter.warn('careful')
    reporter.progress('calibration', 1, 'samples').finish()
    await reporter.results(run([mode({ loss: undefined })]))
    const json = JSON.parse(written.stdout)
    expect(json).toMatchObject({ model: 'net.onnx', saveDir: '/out', stageSeconds: { 'graph optimization': 0.5 } })
    expect(json.results[0]).toMatchObject({ mode: 'kl', loss: null, files: ['net_quantize.onnx'] })
    expect(written.stderr).toContain('stage 1, graph optimization')
  })
})

describe('a terminal', () => {
  it('has bars and colours', async () => {
    const { reporter, written } = await reporting('', { tty: true })
    reporter.stage('graph optimization')
    const task = reporter.progress('calibration', 10, 'samples')
    task.update(5)
    reporter.info('note')
    task.update(10)
    task.finish()
    reporter.finish()
    expect(written.stdout).toContain('\x1b[1mstage 1, graph optimization\x1b[0m')
    expect(written.stderr).toContain('calibration [========================] 100 % | 10/10 samples')
    expect(written.stderr).toContain('note\n')
  })

  it('has no colours with NO_COLOR', async () => {
    const { reporter, written } = await reporting('', { tty: true, environment: { NO_COLOR: '1' } })
    reporter.stage('graph optimization')
    reporter.warn('careful')
    expect(written).toEqual({ stdout: 'stage 1, graph optimization\n', stderr: 'warning: careful\n' })
  })
})
