// Every file of examples/ runs, on a few small samples.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { drawTextLine, loadFonts } from '../../scripts/textLines.js'
import { pythonWith } from '../dataset/script/python/interpreters.js'
import { floats, model, node } from '../onnx/models.js'
import { classifier, plain, squire, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const folder = temporaryFolder()
const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const lines = join(folder, 'lines')
const photographs = join(folder, 'photographs')
const classes = join(folder, 'classes')
/** Ten classes by colour: the mean of each channel, weighted. */
const weights = Array.from({ length: 30 }, (_, i) => Math.sin(i))
const colours = write(
  model({
    inputs: { image: ['n', 3, 224, 224] },
    outputs: ['scores'],
    nodes: [
      node('GlobalAveragePool', ['image'], ['mean']),
      node('Flatten', ['mean'], ['flat']),
      node('Gemm', ['flat', 'w'], ['scores']),
    ],
    constants: [floats('w', [3, 10], weights)],
  }),
  folder,
  'colours.onnx',
)
const twoInputs = write(
  tiny({
    inputs: { x: ['n', 4], y: ['n', 2] },
    nodes: [node('Gemm', ['x', 'w'], ['g']), node('Add', ['g', 'y'], ['sum'])],
    outputs: ['sum'],
  }),
  folder,
  'two.onnx',
)

beforeAll(async () => {
  for (const name of [lines, photographs, join(classes, 'ant'), join(classes, 'bee')])
    mkdirSync(name, { recursive: true })
  const fonts = await loadFonts()
  for (let i = 0; i < 6; i++) {
    const { turned, png } = await drawTextLine(i, fonts)
    writeFileSync(join(lines, `${i}_${turned}.png`), png)
    const jpeg = (width: number) =>
      sharp({ create: { width, height: 224, channels: 3, background: { r: 40 * i, g: 90, b: 200 - 30 * i } } })
        .jpeg()
        .toBuffer()
    writeFileSync(join(photographs, `${i}_photo.jpg`), await jpeg(224))
    writeFileSync(join(classes, i % 2 === 0 ? 'ant' : 'bee', `${i}.jpg`), await jpeg(300))
  }
})

let runs = 0
async function quantize(...args: string[]) {
  const out = join(folder, `out-${++runs}`)
  const { status, stdout, stderr } = await squire(['quant', '--json', '-cn', '2', '-s', out, ...plain, ...args])
  expect(stderr).not.toContain('error')
  expect(status).toBe(0)
  const [result] = JSON.parse(stdout).results as { floatMetric?: number; loss?: number }[]
  return { metric: result!.floatMetric, loss: result!.loss, stderr }
}

test('text-direction: the dataset object and the infer function agree', async () => {
  const use = (file: string, name: string) =>
    quantize('-m', classifier, '-uds', join(examples, 'text-direction', file), '-if', name, '-d', lines, '-i', '6')
  const dataset = await use('dataset.mjs', 'textDirection')
  const infer = await use('infer.mjs', 'infer_direction')
  expect(dataset.metric).toBeGreaterThanOrEqual(0.5)
  expect(infer.metric).toBe(dataset.metric)
  expect(infer.loss).toBe(dataset.loss)
})

test('imagenet: a dataset object for photographs named by their class', async () => {
  const script = join(examples, 'imagenet', 'dataset.mjs')
  const { metric } = await quantize('-m', colours, '-uds', script, '-if', 'imagenet', '-d', photographs, '-i', '6')
  expect(metric).toBeTypeOf('number')
})

test('input-configs: a JSON file for the built-in infer_common', async () => {
  const images = join(folder, 'out', 'demo', 'images')
  mkdirSync(images, { recursive: true })
  for (const name of readdirSync(lines))
    writeFileSync(join(images, name), await sharp(join(lines, name)).png().toBuffer())
  const short = ['-i', '4', '-cn', '2', '--zero-points', 'none', '--compare-iteration', '0']
  const dims = [...short, '-is', '1', '3', '48', '192']
  const run = join(examples, 'input-configs', 'run.jsonc')
  const { status, stderr } = await squire(['quant', '-rc', run, '-m', classifier, ...dims, '--json'], {}, folder)
  expect(stderr).not.toContain('error')
  expect(status).toBe(0)
})

test('the built-in imagenet_benchmark takes class folders', async () => {
  const { metric, stderr } = await quantize('-m', colours, '-if', 'imagenet_benchmark', '-d', classes, '-i', '6')
  expect(metric).toBeTypeOf('number')
  expect(stderr).toMatch(/float model: top-1 \d+\.\d\d %, top-5 \d+\.\d\d %/)
})

const numpy = pythonWith('numpy')
if (numpy === undefined)
  process.stderr.write(
    'SKIPPED: examples/python/infer_auto.py, no Python here has numpy (SQUIRE_TEST_PYTHON names another)\n',
  )
else process.stderr.write(`examples/python/infer_auto.py runs with ${numpy}\n`)

test.skipIf(numpy === undefined)(
  'python/infer_auto.py gives the numbers of the built-in infer_auto, for two inputs',
  async () => {
    const args = ['-m', twoInputs, '-if', 'infer_auto', '-i', '3', '-bs', '2', '-qm', 'min_max']
    const scales = async (...more: string[]) => {
      const out = join(folder, `auto-${more.length}`)
      const { status } = await squire(['quant', ...args, '-s', out, '-r', 'quant', ...more])
      expect(status).toBe(0)
      return JSON.stringify((await import(join(out, 'two_scale.json'), { with: { type: 'json' } })).default)
    }
    const script = join(examples, 'python', 'infer_auto.py')
    expect(await scales('-uds', script, '--python', numpy!)).toBe(await scales())
  },
)

const torch = pythonWith('torch', 'torchvision')
if (torch === undefined)
  process.stderr.write(
    'SKIPPED: examples/python/imagenet_benchmark.py, no Python here has torch and torchvision (SQUIRE_TEST_PYTHON names another)\n',
  )
else process.stderr.write(`examples/python/imagenet_benchmark.py runs with ${torch}\n`)

test.skipIf(torch === undefined)(
  'python/imagenet_benchmark.py and the built-in benchmark measure the same',
  { timeout: 120_000 },
  async () => {
    const args = ['-m', colours, '-if', 'imagenet_benchmark', '-d', classes, '-bs', '3']
    const script = join(examples, 'python', 'imagenet_benchmark.py')
    const python = await quantize(...args, '-i', '2', '-uds', script, '--python', torch!)
    const own = await quantize(...args, '-i', '2')
    expect(python.metric).toBeCloseTo(100 * own.metric!, 4)
    expect(python.stderr).toContain('batch 2 of 2: top-1')
  },
)
