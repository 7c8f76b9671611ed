// Rows of the model, what is written, and the run itself.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { configure } from '../../../src/cli/configure.js'
import type { TensorValue } from '../../../src/onnx/types.js'
import { npyBytes } from '../../dataset/formats/npyFile.js'
import { barePython, bareScript } from '../../dataset/script/python/interpreters.js'
import { fixture, squire } from '../../e2e/squire.js'
import { tiny, write } from '../../e2e/tiny.js'
import { feedsFor, largestDifference, runModel } from '../../onnx/models.js'
import { dynamic, folder, image, jsonFile, net, network, noise, plain, quick, run } from '../run.js'
import type { Row, Rows } from './row.js'

const arrays = join(folder, 'arrays')
mkdirSync(arrays)
for (let i = 0; i < 3; i++) {
  writeFileSync(join(arrays, `${i}.npy`), npyBytes('<f4', [1, 3, 8, 8], new Float32Array(192).fill(i - 0.5)))
}

const noiseScript = fixture('noise.mjs')
const python = barePython(folder)
if (python === undefined)
  process.stderr.write('SKIPPED: -uds with a Python script, there is no python3 of 3.8 or later\n')
const pythonRow: Row = {
  model: write(tiny(), folder, 'tiny.onnx'),
  beside: `-if infer -i 2 --python ${python}`,
  words: `-uds ${bareScript}`,
  json: { 'user-defined-script': bareScript },
  shows: ({ result }) => expect(result.results[0]!.floatMetric).toBeTypeOf('number'),
}

/** numpy.random.seed(123); numpy.random.randn(): the first value. */
const FIRST_RANDOM = -1.0856306033005612

export const modelRows: Rows = {
  help: [
    {
      async check() {
        const [quant, compare] = await Promise.all([squire(['quant', '-h']), squire(['compare', '--help'])])
        expect([quant.status, compare.status]).toEqual([0, 0])
        expect(quant.stdout).toContain('--quant-mode')
        expect(compare.stdout).toContain('--quant-dir')
        expect(compare.stdout).not.toContain('--load-scale-json')
      },
    },
  ],
  'run-config': [
    {
      async check() {
        const file = jsonFile({ quant: { model: 'a.onnx', 'quant-mode': 'kl mse', iteration: '5' }, compile: {} })
        const { config, notes } = await configure(['quant', '-rc', file, '-qm', 'kl_v2'])
        expect(config).toMatchObject({ modes: ['kl_v2'], iterations: [5] })
        expect(notes).toEqual([`${file}: ignored compile; squire reads "quant"`])
      },
    },
  ],
  model: [
    { words: '', json: {}, shows: ({ result }) => expect(result.results[0]!.model).toBe('net.onnx') },
    {
      async check() {
        const first = await plain()
        const again = await run(join(first.saveDir, 'net_qdq.onnx'), '')
        expect(again.said).toContain('the model is a QDQ model of squire for this chip: its integers are taken over')
      },
    },
  ],
  framework: [
    {
      words: '-f onnx',
      json: { framework: 'onnx' },
      shows: ({ files }) => expect(files()).toContain('net_quantize.onnx'),
    },
    { words: '-f pytorch', json: { framework: 'pytorch' }, refused: /torch\.onnx\.export/ },
  ],
  'infer-func': [
    {
      words: '-if infer_auto',
      json: { 'infer-func': 'infer_auto' },
      async shows({ read }) {
        expect(read('inputs/x.bin').readFloatLE(0)).toBe(Math.fround(FIRST_RANDOM))
        expect((await plain()).read('inputs/x.bin').equals(read('inputs/x.bin'))).toBe(true)
      },
    },
  ],
  'user-defined-script': [
    {
      beside: `-if measured -d [${image}]`,
      words: `-uds ${noiseScript}`,
      json: { 'user-defined-script': noiseScript },
      shows: ({ result }) => expect(result.results[0]!.floatMetric).toBeTypeOf('number'),
    },
    ...(python === undefined ? [] : [pythonRow]),
  ],
  'save-dir': [
    {
      words: '',
      json: {},
      shows: ({ files }) =>
        expect(files()).toEqual(
          expect.arrayContaining(['net_quantize.onnx', 'net_qdq.onnx', 'net_scale.json', 'report.html', 'steps']),
        ),
    },
  ],
  data: [
    {
      beside: '-i all',
      words: `-d ${arrays}`,
      json: { data: arrays },
      shows({ result, read }) {
        expect(result.results[0]!.iteration).toBe(3)
        expect(read('inputs/x.bin').readFloatLE(0)).toBe(1.5)
      },
    },
    {
      beside: `-uds ${noiseScript} -if forwardBatches`,
      words: '-d [3,8,8]',
      json: { data: '[3,8,8]' },
      shows: ({ result }) => expect(result.results[0]!.floatMetric).toBeTypeOf('number'),
    },
  ],
  'generate-scale-json': [
    {
      words: '-gsj',
      json: { 'generate-scale-json': 'true' },
      shows: async ({ read }) =>
        expect(read('net_scale.json').equals((await plain()).read('net_scale.json'))).toBe(true),
    },
  ],
  'batch-size': [
    {
      model: dynamic,
      // The function throws where it does not get as many samples back.
      beside: `-uds ${noiseScript} -if forwardBatches -d [3,8,8]`,
      words: '-bs 4',
      json: { 'batch-size': '4' },
      shows: ({ json }) => expect(json('report.json').data.samples).toBe(4),
    },
  ],
  dump: [
    {
      beside: noise(image, 3),
      words: '-du',
      json: { dump: true },
      shows({ read, saveDir }) {
        for (const kind of ['float', 'quant']) {
          expect(readdirSync(join(saveDir, 'dump', kind)).sort()).toEqual([
            '0001:Conv_conv1',
            '0002:Conv_conv2',
            '0003:Concat_concat',
            '0004:GlobalAveragePool_pool',
            '0005:Flatten_flatten',
          ])
        }
        const header = (kind: string) => read(`dump/${kind}/0001:Conv_conv1/batch_0.npy`).toString('latin1', 0, 128)
        expect(header('float')).toContain("'descr': '<f4', 'fortran_order': False, 'shape': (1, 4, 8, 8)")
        expect(header('quant')).toContain("'descr': '|i1', 'fortran_order': False, 'shape': (1, 4, 8, 8)")
      },
    },
  ],
  'log-level': [
    {
      async check() {
        const words = ['quant', '-m', net, ...quick(''), '-s', join(folder, 'logged')]
        const { config } = await configure(words)
        const [usual, errors] = await Promise.all(['1', '3'].map((level) => squire([...words, '-l', level])))
        expect(config.logLevel).toBe(1)
        expect(usual!.stdout + usual!.stderr).toContain('Advice: ')
        expect(errors!.stdout + errors!.stderr).not.toContain('Advice: ')
      },
    },
  ],
  'output-dequant': [
    {
      words: '-od',
      json: { 'output-dequant': 'true' },
      async shows({ written }) {
        const feeds = feedsFor(network())
        const outputs = async (proto: ReturnType<typeof written>) =>
          (await runModel(proto, feeds)) as { y: TensorValue }
        const real = await outputs(written('net_quantize.onnx'))
        expect(largestDifference(real, await runModel(network(), feeds))).toBeLessThan(0.1)
        const { y } = await outputs((await plain()).written('net_quantize.onnx'))
        expect([...(y.data as Float32Array)].every(Number.isInteger)).toBe(true)
      },
    },
  ],
  'cpu-num': [
    {
      words: '-cn 2',
      json: { 'cpu-num': '2' },
      shows: async ({ read }) =>
        expect(read('net_quantize.onnx').equals((await plain()).read('net_quantize.onnx'))).toBe(true),
    },
  ],
}
