import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { commandHelp } from '../../src/cli/help.js'
import { type Config, quantModes } from '../../src/config/config.js'

const config = async (words: string) => (await configure(words.split(' '))).config

describe('the configuration', () => {
  it('is complete with a model alone', async () => {
    expect(await config('quant -m a.onnx')).toMatchObject({
      chip: 'TX5105C',
      runMode: 'quant',
      model: resolve('a.onnx'),
      saveDir: resolve('squire_out'),
      inferFunction: undefined,
      userScript: undefined,
      python: 'python3',
      inputConfigs: undefined,
      data: undefined,
      modes: ['auto'],
      percent: 0.99999,
      iterations: [1],
      evalIteration: undefined,
      compareIteration: 16,
      batchSize: 1,
      bitWidth: 8,
      cpuNum: availableParallelism(),
      cacheDistribution: undefined,
      outputDequant: false,
      generateScaleJson: false,
      framework: 'onnx',
      accelerateModel: false,
      logLevel: 1,
      image: { colorSpace: 'BGR', mean: undefined, std: undefined, paddingConstantValue: undefined },
      selection: { samples: undefined, perClass: undefined, seed: 0 },
      onBadSample: 'error',
      resume: false,
      json: false,
    } satisfies Partial<Config>)
  })

  it.each<[string, Partial<Config>]>([
    ['quant onnx -m a.onnx', { model: resolve('a.onnx') }],
    [
      '--chip TX5105C quant onnx -s out -m a.onnx -if infer_auto -qm kl -bs 10 -r quant -i 1',
      { batchSize: 10, inferFunction: 'infer_auto' },
    ],
    ['quant -m a.onnx -ch TX5105C -f onnx -b 8 -am', { chip: 'TX5105C', bitWidth: 8 }],
    ['quant -m a.onnx -qm mse kl', { modes: ['kl', 'mse'] }],
    ['quant -m a.onnx -qm all', { modes: quantModes }],
    ['quant -m a.onnx -qm kl all kl', { modes: quantModes }],
    ['quant -m a.onnx -i 50 10 50', { iterations: [10, 50] }],
    ['quant -m a.onnx -i 50 -i 10', { iterations: [10, 50] }],
    ['quant -m a.onnx -i=5', { iterations: [5] }],
    ['quant -m a.onnx -bs 2 -bs 4', { batchSize: 4 }],
    ['quant -m a.onnx --eval-iteration all', { evalIteration: 'all' }],
    ['quant -m a.onnx --eval-iteration 500', { evalIteration: 500 }],
    [
      'quant -m a.onnx -uds d.mjs -cd s.arrow -d pics',
      { userScript: resolve('d.mjs'), cacheDistribution: resolve('s.arrow'), data: 'pics' },
    ],
    [
      'quant -m a.onnx -per 1 -cn 3 -l 0 -gsj -od --json --resume',
      { percent: 1, cpuNum: 3, logLevel: 0, outputDequant: true, json: true, resume: true },
    ],
    ['quant -m a.onnx --samples 9 --per-class 2 --seed 7', { selection: { samples: 9, perClass: 2, seed: 7 } }],
    [
      'quant -m a.onnx --color-space RGB --image-mean 1 2 3 --image-std 4 --padding-constant-value 0',
      { image: { colorSpace: 'RGB', mean: [1, 2, 3], std: [4], paddingConstantValue: 0 } },
    ],
  ])('reads %s', async (words, expected) => {
    expect(await config(words)).toMatchObject(expected)
  })

  it('cannot be changed', async () => {
    const frozen = await config('quant -m a.onnx --image-mean 1 2 3 --image-std 1')
    expect([frozen, frozen.modes, frozen.image, frozen.image.mean, frozen.selection].every(Object.isFrozen)).toBe(true)
  })
})

describe('options of other runs', () => {
  it.each([
    [
      '-r infer -qm kl --refine best -b 8 -i 2 --eval-iteration 3 --color-space RGB',
      '--bit-width (-b), --quant-mode (-qm), --refine',
    ],
    ['-r convert --eval-iteration 3 -do', '--eval-iteration'],
    ['-r compare -is 1 3 8 8 -d photos', '--input-shapes (-is)'],
  ])('are told of: %s', async (words, unread) => {
    const { warnings } = await configure(`quant -m a.onnx ${words}`.split(' '))
    expect(warnings).toEqual([`--run-mode (-r) ${words.split(' ')[1]} does not use ${unread}`])
  })

  it('are all used by a run that quantizes', async () => {
    expect((await configure('quant -m a.onnx -qm kl --refine best -is 1 3 8 8'.split(' '))).warnings).toEqual([])
  })
})

describe('--help', () => {
  it('shows short and long names, what is allowed and the default', async () => {
    const help = await commandHelp('quant')
    expect(help).toMatch(
      /-qm, --quant-mode MODE\.\.\. [^(]*\(kl,\s+min_max,\s+mse,\s+percentile,\s+kl_v2,\s+all,\s+auto;\s+default: auto;\s+min_max at 16 bit\)/,
    )
    expect(help).toMatch(/^Quantization:$/m)
  })
})
