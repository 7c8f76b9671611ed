import { describe, expect, it } from 'vitest'
import { adviceLines, adviceOf } from '../../src/report/advice/index.js'
import type { Findings } from '../../src/report/advice/types.js'
import type { ResultEntry } from '../../src/report/data/report.js'
import type { ErrorColumns, OperatorEntry, QuantizationEntry, TensorEntry } from '../../src/report/data/types.js'

const tensor = (more: Partial<TensorEntry> = {}): TensorEntry => ({
  ...{ name: 'y', dims: [1, 64, 64], bits: 8, scaleOf: 'y', observed: true, min: -1, max: 1, zeros: 0 },
  histogram: { start: -1, step: 0.5, counts: [500, 500, 500, 500] },
  ...more,
})

const operator = (more: Partial<OperatorEntry> = {}): OperatorEntry => ({
  ...{ name: 'conv1', kind: 'conv', nodes: ['Conv'], inputs: ['x'], outputs: ['y'], reason: null },
  channelRanges: [1, 0.5],
  ...more,
})

const columns = (more: Partial<ErrorColumns> = {}): ErrorColumns => {
  const names = ['mre', 'cosine', 'rmse', 'sqnr', 'maxDiff', 'maxDiffRelative', 'meanError', 'above', 'below'] as const
  const shares = ['clippedLow', 'clippedHigh', 'atLow', 'atHigh'] as const
  const all = Object.fromEntries([...names.map((name) => [name, [30]]), ...shares.map((name) => [name, [0]])])
  return { ...(all as unknown as ErrorColumns), codesUsed: [0.9], ...more }
}

/** Of two tensors that nothing else is said of. */
const quiet = { clippedLow: [0, 0], clippedHigh: [0, 0], codesUsed: [0.9, 0.9] }

const quantization = (more: Partial<QuantizationEntry> = {}): QuantizationEntry => ({
  ...{ mode: 'mse', iteration: 500, directory: '.', scales: [1 / 127], lows: [-128], highs: [127], offsets: [0] },
  ...{ clipping: [0.001], rounding: [0.002], drift: null, parameters: [{ q0: 0, q1: 10, q2: 9 }], compared: 16 },
  ...{ accumulated: columns(), own: columns(), noise: null },
  ...more,
})

const result = (mode: string, loss: number | null): ResultEntry => ({
  ...{
    model: 'net.onnx',
    mode,
    iteration: 500,
    directory: '.',
    loss,
    floatMetric: 1,
    modes: null,
    zeroPoints: null,
    refinement: null,
    fixMetric: 1,
    files: [],
    error: null,
  },
})

/** A run that there is nothing to say about, but for what a test changes. */
const findings = (more: Partial<Findings> = {}): Findings => ({
  ...{ model: 'net.onnx', options: {}, skipped: [], data: { digest: 'ab', samples: 500 }, qRange: [0, 31] },
  ...{ versions: { squire: '1', onnxruntime: '1' }, hashes: { model: 'cd' }, mix: null },
  ...{ results: [result('mse', 0.2)], operators: [operator()], tensors: [tensor()], quantizations: [quantization()] },
  ...more,
})

const rulesThatSpeak = (more: Partial<Findings>) => adviceOf(findings(more)).map(({ rule }) => rule)
const theAdvice = (more: Partial<Findings>) => {
  const all = adviceOf(findings(more))
  expect(all).toHaveLength(1)
  return all[0]!
}

describe('advice', () => {
  it('is silent where there is nothing to say', () => {
    expect(adviceOf(findings())).toEqual([])
  })

  it('names other modes where one alone lost much, or nobody measured', () => {
    expect(theAdvice({ results: [result('kl', 47)] })).toMatchObject({ rule: 'otherModes', next: '-qm auto' })
    expect(theAdvice({ results: [result('mse', null)] })).toMatchObject({ rule: 'otherModes', next: '-qm auto' })
    expect(rulesThatSpeak({ results: [result('mse', 3), result('kl', 5)] })).toEqual([])
    expect(rulesThatSpeak({ results: [result('kl', 0.9)] })).toEqual([])
    expect(rulesThatSpeak({ results: [result('mse', 3)], options: { modes: ['auto'] } })).toEqual([])
    expect(rulesThatSpeak({ results: [result('mse', 3)], options: { runMode: 'auto_quant' } })).toEqual([])
  })

  it('warns of outputs that noise drowns, and names where most of it comes in', () => {
    const noisy = (sqnr: number) => ({
      operators: [operator({ inputs: ['x'] })],
      tensors: [tensor({ name: 'x', scaleOf: 'x' }), tensor()],
      quantizations: [
        quantization({
          ...{ scales: [1, 1], lows: [0, 0], highs: [1, 1], offsets: [0, 0], clipping: [0, 0], rounding: [0, 0] },
          accumulated: columns({ sqnr: [-9, sqnr], ...quiet }),
          own: columns({ sqnr: [-9, 40], ...quiet }),
        }),
      ],
    })
    expect(theAdvice(noisy(-3))).toMatchObject({
      ...{ rule: 'drowned', tensor: 'y' },
      evidence: 'Signal to noise is -3 dB on 16 samples. What adds most by itself is "x", -9 dB.',
    })
    expect(theAdvice(noisy(2)).text).toContain('nearly as much noise as signal')
    expect(rulesThatSpeak(noisy(4))).toEqual([])
  })

  it('says how many samples are usual where there are few', () => {
    const few = theAdvice({ data: { digest: 'ab', samples: 1 } })
    expect(few).toMatchObject({ rule: 'fewSamples', evidence: 'Calibrated on 1 sample.' })
    expect(rulesThatSpeak({ data: { digest: 'ab', samples: 100 } })).toEqual([])
  })

  it('finds ranges that still move between two calibrations, and not those that have settled', () => {
    const grown = (by: number) => ({
      quantizations: [quantization({ iteration: 500, scales: [by / 127] }), quantization({ iteration: 250 })],
    })
    expect(theAdvice(grown(1.5))).toMatchObject({
      ...{ rule: 'stillMoving', tensor: 'y', next: '-i 1000' },
      evidence: 'From -i 250 to -i 500 it went from 1 to 1.5, by 50 %.',
    })
    expect(rulesThatSpeak(grown(1.05))).toEqual([])
  })

  it('finds ranges that the second half of the samples still moved', () => {
    const moved = (by: number) => ({ quantizations: [quantization({ drift: { samples: 250, changes: [by] } })] })
    expect(theAdvice(moved(-0.25))).toMatchObject({
      ...{ rule: 'stillMoving', tensor: 'y', next: '-i 1000' },
      evidence: 'All 500 samples give one 25 % smaller than the first 250.',
    })
    expect(rulesThatSpeak(moved(0.09))).toEqual([])
  })

  it('knows an input of bytes, and not one of other values or an inner tensor', () => {
    const bytes = {
      operators: [operator({ inputs: ['x'] })],
      tensors: [tensor({ name: 'x', scaleOf: 'x', min: 0, max: 255 })],
    }
    expect(theAdvice(bytes)).toMatchObject({ rule: 'integerInputs', tensor: 'x', next: '-qid uint8' })
    expect(rulesThatSpeak({ tensors: [tensor({ name: 'x', scaleOf: 'x', min: 0, max: 254.5 })] })).toEqual([])
    expect(rulesThatSpeak({ tensors: [tensor({ min: 0, max: 255 })] })).toEqual([])
  })

  it('names an output that saturates, with the shares of both ends', () => {
    const clipped = (share: number) => [quantization({ accumulated: columns({ clippedHigh: [share] }) })]
    expect(theAdvice({ quantizations: clipped(0.04) })).toMatchObject({
      ...{ rule: 'saturating', tensor: 'y', evidence: '0 % are clipped below and 4 % above.', next: '-qm min_max' },
    })
    expect(rulesThatSpeak({ quantizations: clipped(0.009) })).toEqual([])
  })

  it('finds a few outliers that stretch a range, and not a tail of many', () => {
    const minMax = [quantization({ mode: 'min_max', clipping: [0], scales: [1 / 127] })]
    const tail = (far: number) => [tensor({ histogram: { start: 0, step: 0.25, counts: [1e6, 1e5, 0, far] } })]
    expect(theAdvice({ quantizations: minMax, tensors: tail(3) })).toMatchObject({
      rule: 'outliers',
      tensor: 'y',
      next: '-qm mse',
    })
    expect(rulesThatSpeak({ quantizations: minMax, tensors: tail(30_000) })).toEqual([])
    // A run that took min_max by itself has tried the modes that clip.
    const chosen = { quantizations: minMax, tensors: tail(3), options: { modes: ['auto'] } }
    expect(rulesThatSpeak(chosen)).toEqual([])
  })

  it('names what makes most of the noise, where that was measured, and how to give it more bits on a chip that can', () => {
    const noisy = [quantization({ noise: { samples: 2, tensors: [0.0095], weights: [0.0005] } })]
    const [first, ...more] = adviceOf(findings({ quantizations: noisy, options: { chip: 'TX5105C' } }))
    expect(first).toMatchObject({ rule: 'noisiest', tensor: 'y', next: null })
    expect(first!.text).toBe('makes 95 % of the noise at the outputs (mse).')
    expect(first!.evidence).toContain('is 20 dB by all together, and 33 dB without this one')
    // A twentieth is not notable.
    expect(more).toEqual([])
    const weights = [quantization({ noise: { samples: 1, tensors: [null], weights: [0.01] } })]
    expect(theAdvice({ quantizations: weights, options: { chip: 'TX5368x' } })).toMatchObject({
      ...{ tensor: null, text: 'The weights of "conv1" make 100 % of the noise at the outputs (mse).' },
      next: '-r auto_quant',
    })
  })

  it('gives the mode of the run that suits a tensor far better to the operator that writes the tensor', () => {
    const other = (rounding: number, mode = 'min_max') => [
      quantization(),
      quantization({ mode, clipping: [0], rounding: [rounding] }),
    ]
    const results = [result('mse', 0.2), result('kl', 48)]
    expect(theAdvice({ quantizations: other(0.0005, 'kl'), results })).toMatchObject({
      ...{ rule: 'betterRange', tensor: 'y' },
      evidence: expect.stringContaining('For the whole model kl loses 48 %, mse 0.2 %.'),
      next: '-mc FILE with this mode for one operator: { "op_names": { "conv1": { "quant-mode": "kl" } } }',
    })
    expect(theAdvice({ quantizations: other(0.0005) }).evidence).not.toContain('whole')
    expect(rulesThatSpeak({ quantizations: other(0.0019) })).toEqual([])
  })

  it('is silent on the better range of an input, and of what operators copy: --mix-config gives them no mode', () => {
    const quantizations = [quantization(), quantization({ mode: 'kl', clipping: [0], rounding: [0.0005] })]
    expect(rulesThatSpeak({ quantizations, operators: [operator({ inputs: ['y'], outputs: ['z'] })] })).toEqual([])
    const copied = operator({ kind: 'movement', channelRanges: null })
    expect(rulesThatSpeak({ quantizations, operators: [copied] })).toEqual([])
    const shared = [tensor(), tensor({ name: 'z' })]
    const behind = [copied, operator({ name: 'conv2', outputs: ['z'] })]
    const both = quantizations.map((one) => ({
      ...one,
      ...{ scales: [1, 1], lows: [-1, -1], highs: [1, 1], offsets: [0, 0], accumulated: columns(quiet) },
      ...{ clipping: [...one.clipping, 0], rounding: [...one.rounding, 0], parameters: [{}, {}] },
    }))
    const advice = theAdvice({ quantizations: both, operators: behind, tensors: shared })
    expect(advice).toMatchObject({ tensor: 'y', next: expect.stringContaining('"conv2"') })
  })

  it('does not lay to a mode what zero points cost', () => {
    const other = (offsets: number[]) => quantization({ mode: 'kl', clipping: [0], rounding: [0.0005], offsets })
    expect(rulesThatSpeak({ quantizations: [quantization({ offsets: [0.5] }), other([0])] })).toEqual([])
    expect(rulesThatSpeak({ quantizations: [quantization(), other([0.5])] })).toEqual([])
  })

  it('does not send a user to a mode that the run has tried for the whole model', () => {
    const clipped = quantization({ accumulated: columns({ clippedHigh: [0.04] }) })
    expect(theAdvice({ quantizations: [clipped, quantization({ mode: 'min_max' })] }).next).toBeNull()
    expect(theAdvice({ quantizations: [clipped], options: { modes: ['auto'] } }).next).toBeNull()
    const unused = quantization({ mode: 'min_max', accumulated: columns({ codesUsed: [0.1] }) })
    expect(theAdvice({ quantizations: [unused] }).next).toBe('-qm mse')
    expect(theAdvice({ quantizations: [unused, quantization()] }).next).toBeNull()
  })

  it('finds a range of which little is used, where there are values enough to use it', () => {
    const used = (share: number) => [quantization({ mode: 'min_max', accumulated: columns({ codesUsed: [share] }) })]
    expect(theAdvice({ quantizations: used(0.1) })).toMatchObject({
      rule: 'unusedRange',
      evidence: '10 % of its 256 codes occur.',
    })
    expect(rulesThatSpeak({ quantizations: used(0.4) })).toEqual([])
    expect(rulesThatSpeak({ quantizations: used(0.1), tensors: [tensor({ dims: [1, 10] })] })).toEqual([])
  })

  it('finds channels whose weights are of very unequal size', () => {
    const ranges = (channelRanges: readonly number[]) => ({ operators: [operator({ channelRanges })] })
    expect(theAdvice(ranges([1, 0.0001]))).toMatchObject({ rule: 'channelImbalance', tensor: 'y' })
    expect(theAdvice(ranges([1, 0.0001])).evidence).toContain('10000 apart')
    expect(rulesThatSpeak(ranges([1, 0.01, 0]))).toEqual([])
    // The sine of whole turns, which is 0 but for rounding.
    expect(rulesThatSpeak(ranges([1, 0.01, 1e-13]))).toEqual([])
  })

  it('warns of a shift next to its limit', () => {
    const shifts = (parameters: Record<string, number>) => ({
      quantizations: [quantization({ parameters: [parameters] })],
    })
    expect(theAdvice(shifts({ q0: 0, q1: 5, q2: 1 }))).toMatchObject({
      ...{ rule: 'shiftNearLimit', tensor: 'y', evidence: 'q2 is 1, the chip allows 0 to 31.' },
    })
    expect(rulesThatSpeak(shifts({ q0: 30, q1: 5, q2: 9 }))).toEqual(['shiftNearLimit'])
    expect(rulesThatSpeak(shifts({ q0: 0, q1: 0, q2: 2 }))).toEqual([])
  })

  it('names what runs in software and why, and says it in the report alone', () => {
    const software = {
      operators: [operator({ kind: 'fallback', reason: 'the chip has no form of it', channelRanges: null })],
    }
    const advice = theAdvice(software)
    expect(advice).toMatchObject({ rule: 'inSoftware', tensor: 'y', evidence: 'The chip has no form of it.' })
    expect(adviceLines([advice])).toEqual([])
    expect(rulesThatSpeak({ operators: [operator({ kind: 'fallback', channelRanges: null })] })).toEqual([])
  })

  it('shows a terminal the first of each kind, a few of them, and where the rest is', () => {
    const advice = adviceOf(findings({ data: { digest: 'ab', samples: 1 } }))
    expect(adviceLines(advice)).toEqual([
      expect.stringContaining('Advice: These are few samples: usual are 500 to 1000'),
    ])
    const ofRules = (count: number) => Array.from({ length: 7 }, (_, i) => ({ ...advice[0]!, rule: `${i % count}` }))
    expect(adviceLines(ofRules(6)).slice(3)).toEqual([expect.any(String), 'Advice: 3 more in report.html.'])
    expect(adviceLines(ofRules(2)).slice(1)).toEqual([expect.any(String), 'Advice: 5 more in report.html.'])
  })
})
