// Rows of how thresholds, widths and scales are found.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { configure } from '../../../src/cli/configure.js'
import { squire } from '../../e2e/squire.js'
import { write } from '../../e2e/tiny.js'
import { op, weights } from '../../e2e/zoo.js'
import { floats, model, operators } from '../../onnx/models.js'
import { folder, image, jsonFile, net, network, noise, run, runConfig, same } from '../run.js'
import type { Rows } from './row.js'

const data = noise(image, 3)
/** Without -i. */
const fourSamples = noise(image, 4).replace(/ -i \d+$/, '')
/** Whose scales other rows load. */
const scales = join(folder, 'first', 'net_scale.json')
const first = async () =>
  runConfig(
    (await configure(['quant', '-m', net, '-s', join(folder, 'first'), ...data.split(' '), '-qm', 'mse'])).config,
  )
let firstRun: ReturnType<typeof first> | undefined
const theFirst = () => (firstRun ??= first())

const loud = write(
  {
    ...network(),
    graph: {
      ...network().graph,
      initializer: [weights('w', 4, 3, 3, 3), floats('v', [4, 4, 3, 3], Array(144).fill(1))],
    },
  },
  folder,
  'loud.onnx',
)
const layer = write(
  model({
    opset: 17,
    inputs: { x: [1, 3, 8, 8] },
    nodes: [op('Conv: x w -> c', same), op('LayerNormalization: c s -> l', { axis: -1 }), op('Conv: l v -> y', same)],
    constants: [weights('w', 4, 3, 3, 3), weights('v', 4, 4, 3, 3), weights('s', 8)],
  }),
  folder,
  'layer.onnx',
)
const curved = write(
  model({
    inputs: { x: [1, 3, 8, 8] },
    nodes: [op('Conv: x w -> c', same), op('Sigmoid: c -> s'), op('Conv: s v -> y', same)],
    constants: [weights('w', 4, 3, 3, 3), weights('v', 4, 4, 3, 3)],
  }),
  folder,
  'curved.onnx',
)
const wide = '--chip TX5336x'
const mixOf = (entry: object) => jsonFile({ op_types: { Sigmoid: entry } })
const [minMaxMix, wideMix] = [mixOf({ 'quant-mode': 'min_max' }), mixOf({ 'bit-width': 16 })]
const cache = join(folder, 'cache.arrow')

interface ScaleJson {
  readonly tensors: Readonly<Record<string, { readonly scale: number; readonly bits: number }>>
}
const bitsOf = ({ tensors }: ScaleJson) => new Set(Object.values(tensors).map(({ bits }) => bits))

export const quantizationRows: Rows = {
  'load-scale-json': [
    {
      before: theFirst,
      words: `-lsj ${scales}`,
      json: { 'load-scale-json': scales },
      async shows({ read }) {
        const { read: expected } = await theFirst()
        for (const file of [
          'net_quantize.onnx',
          'net_qdq.onnx',
          'net_scale.json',
          'steps/output_all_layers_quantize.onnx',
        ]) {
          expect(read(file).equals(expected(file)), file).toBe(true)
        }
      },
    },
    { beside: '-gsj', words: `-lsj ${scales}`, json: { 'load-scale-json': scales }, refused: /exclude each other/ },
    {
      beside: `-mc ${minMaxMix}`,
      words: `-lsj ${scales}`,
      json: { 'load-scale-json': scales },
      refused: /exclude each other/,
    },
  ],
  'bit-width': [
    {
      beside: wide,
      words: '-b 16',
      json: { 'bit-width': '16' },
      shows: ({ json }) => expect([...bitsOf(json('net_scale.json'))]).toEqual([16]),
    },
    { words: '-b 16', json: { 'bit-width': 16 }, refused: /TX5105C computes in 8 bits, not in 16/ },
  ],
  iteration: [
    {
      beside: fourSamples,
      words: '-i 4 2',
      json: { iteration: '4 2' },
      shows: ({ result }) =>
        expect(result.results.map(({ directory }) => directory).sort()).toEqual(['min_max_it_2', 'min_max_it_4']),
    },
    {
      beside: fourSamples,
      words: '-i all',
      json: { iteration: 'all' },
      shows: ({ result }) => expect(result.results[0]!.iteration).toBe(4),
    },
  ],
  'generate-template': [
    {
      words: '-gt',
      json: { 'generate-template': true },
      shows: ({ json }) => expect(Object.keys(json('net_mix.json').op_names)).toEqual(['conv1', 'conv2', 'pool']),
    },
  ],
  'mix-config': [
    {
      model: curved,
      beside: `${data} -qm percentile -per 0.5`,
      words: `-mc ${minMaxMix}`,
      json: { 'mix-config': minMaxMix },
      async shows({ json }) {
        const [mixed, minMax] = [json('curved_scale.json'), (await run(curved, data)).json('curved_scale.json')]
        expect(mixed.tensors.s.scale).toBe(minMax.tensors.s.scale)
        expect(mixed.tensors.x.scale).toBeLessThan(minMax.tensors.x.scale)
      },
    },
    {
      model: curved,
      beside: wide,
      words: `-mc ${wideMix}`,
      json: { 'mix-config': wideMix },
      shows: ({ json }) => expect([...bitsOf(json('curved_scale.json'))].sort()).toEqual([16, 8]),
    },
  ],
  'quant-mode': [
    {
      beside: data,
      words: '-qm all',
      json: { 'quant-mode': 'all' },
      shows: ({ result }) =>
        expect(result.results.map(({ mode }) => mode).sort()).toEqual(['kl', 'kl_v2', 'min_max', 'mse', 'percentile']),
    },
    {
      beside: data,
      words: '-qm auto',
      json: { 'quant-mode': ['auto'] },
      shows: ({ said }) => expect(said).toMatch(/-qm auto takes \w+: signal to noise/),
    },
  ],
  percent: [
    {
      beside: `${data} -qm percentile`,
      words: '-per 0.5',
      json: { percent: '0.5' },
      async shows({ json }) {
        const usual = (await run(net, `${data} -qm percentile`)).json('net_scale.json')
        expect(json('net_scale.json').tensors.x.scale).toBeLessThan(0.7 * usual.tensors.x.scale)
      },
    },
  ],
  'run-mode': [
    {
      beside: data,
      words: '-r infer',
      json: { 'run-mode': 'infer' },
      shows: ({ result, files }) => expect([result.results[0]!.fixMetric, files()]).toEqual([expect.any(Number), []]),
    },
    {
      words: '-r convert',
      json: { 'run-mode': 'convert' },
      shows: ({ written, files }) =>
        expect([files(), operators(written('net_convert.onnx'))[0]]).toEqual([['net_convert.onnx'], 'Conv']),
    },
    {
      async check() {
        await theFirst()
        const ended = await squire([
          'quant',
          '-r',
          'compare',
          '-m',
          net,
          '-s',
          join(folder, 'first'),
          '-cn',
          '1',
          ...data.split(' '),
        ])
        expect(ended.status, ended.stderr).toBe(0)
        expect(ended.stdout).toMatch(/│ r +│ conv/)
      },
    },
    { words: '-r auto_quant', json: { 'run-mode': 'auto_quant' }, refused: /no widths to mix/ },
  ],
  'lut-len': [
    {
      model: curved,
      beside: `${wide} -b 16`,
      words: '-ll 8',
      json: { 'lut-len': '8' },
      async shows({ read }) {
        const usual = await run(curved, `${wide} -b 16`)
        expect(usual.read('curved_quantize.onnx').length - read('curved_quantize.onnx').length).toBeGreaterThan(
          2 * (2 ** 10 - 2 ** 8),
        )
      },
    },
    { words: '-ll 10', json: { 'lut-len': 10 }, refused: /is for chips that compute in 16 bits/ },
  ],
  'layer-threshold': [
    {
      model: layer,
      beside: data,
      words: '-lt 16 4',
      json: { 'layer-threshold': '16 4' },
      shows: ({ json }) => expect(json('layer_scale.json').tensors.l.scale).toBe(Math.fround(4 / 127)),
    },
  ],
  'cache-distribution': [
    {
      beside: data,
      words: `-cd ${cache}`,
      json: { 'cache-distribution': cache },
      async shows({ read, said }) {
        expect(existsSync(cache)).toBe(true)
        const again = await run(net, `${data} -cd ${cache}`)
        expect(said).toContain('calibrating')
        expect(again.said).not.toContain('calibrating')
        expect(again.read('net_quantize.onnx').equals(read('net_quantize.onnx'))).toBe(true)
        await expect(run(net, `${noise(image, 2)} -cd ${cache}`)).rejects.toThrow(/cache/)
      },
    },
  ],
  'unify-input-scale': [
    {
      model: loud,
      beside: data,
      words: '-uis',
      json: { 'unify-input-scale': 'true' },
      async shows({ json }) {
        const distinct = ({ tensors }: ScaleJson) => new Set(['d', 'r', 'k'].map((name) => tensors[name]!.scale)).size
        expect(distinct(json('loud_scale.json'))).toBe(1)
        expect(distinct((await run(loud, data)).json('loud_scale.json'))).toBeGreaterThan(1)
      },
    },
  ],
  'auto-mix-ratio': [
    {
      model: curved,
      beside: `${wide} -r auto_quant -qm min_max ${data}`,
      words: '-amr 0.5',
      json: { 'auto-mix-ratio': '0.5' },
      shows: ({ json }) => expect([...bitsOf(json('curved_scale.json'))].sort()).toEqual([16, 8]),
    },
    { beside: '-r auto_quant', words: '-amr 0.5', json: { 'auto-mix-ratio': 0.5 }, refused: /no widths to mix/ },
  ],
  'auto-mix-strategy': [
    {
      model: curved,
      beside: `${wide} -r auto_quant -qm min_max ${data}`,
      words: '-ams IOhigh',
      json: { 'auto-mix-strategy': 'IOhigh' },
      shows: ({ json }) => expect(json('curved_scale.json').tensors.x.bits).toBe(16),
    },
    {
      beside: `${wide} -r auto_quant`,
      words: '-ams initial',
      json: { 'auto-mix-strategy': 'initial' },
      refused: /without saying what it does.*HAWQ.*IOhigh.*mix-config/,
    },
  ],
}
