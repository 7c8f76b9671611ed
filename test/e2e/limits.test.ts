// Where squire, the chip or the disk cannot go on, or can with a word of warning.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { floats, node } from '../onnx/models.js'
import { refused, refusedAtOnce } from './refused.js'
import { contents, fixture, limited, plain, squire, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')
const data = (name: string) => ['-uds', fixture('tiny.mjs'), '-if', name, '-i', '12', '-cn', '1']
const script = (name: string) => [...data(name), ...plain]
const quantize = async (name: string, ...words: string[]) => {
  const out = join(folder, `out-${name}`)
  const ended = await squire(['quant', '-m', model, '-s', out, ...data(name), ...(words.length > 0 ? words : plain)])
  const report = join(out, 'report.json')
  return { out, ...ended, report: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined }
}

describe.concurrent('a save-dir that cannot be written to', () => {
  writeFileSync(join(folder, 'file'), 'mine')
  symlinkSync('/nowhere/out', join(folder, 'link'))
  test.each([
    ['is a file', 'file', '" is a file'],
    ['is below a file', 'file/out', 'ENOTDIR'],
    ['is a link to nowhere', 'link', '" is a link to nowhere'],
  ])('%s: refused before any work', async (_, name, reason) => {
    const saveDir = join(folder, name)
    const error = await refusedAtOnce(folder, 5, ['-m', model, ...script('dataset'), '-s', saveDir])
    expect(error).toContain(`cannot write to the output folder "${saveDir}"`)
    expect(error).toContain(reason)
    expect(error).toContain('--save-dir')
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine')
  })

  test('neither can the folder of the cache: refused before any work', async () => {
    const cache = ['-cd', join(folder, 'file/statistics.arrow')]
    const error = await refusedAtOnce(folder, 5, [
      '-m',
      model,
      ...script('dataset'),
      '-s',
      join(folder, 'uncached'),
      ...cache,
    ])
    expect(error).toContain('with --cache-distribution')
  })

  test('has a file where a folder is to go: nothing is written but what the run can go on from', async () => {
    const saveDir = join(folder, 'taken')
    mkdirSync(saveDir)
    writeFileSync(join(saveDir, 'steps'), 'mine')
    const args = ['quant', '-m', model, '-s', saveDir, ...script('dataset')]
    const ended = await squire(args)
    expect(ended.status).toBe(5)
    expect(ended.stderr).toContain('error: cannot write to the output folder')
    expect(ended.stderr).toContain('repeat the command with --resume')
    expect(ended.stdout).not.toContain('Files:')
    expect(readdirSync(saveDir).sort()).toEqual(['.squire-checkpoint', 'steps'])

    rmSync(join(saveDir, 'steps'))
    const resumed = await squire([...args, '--resume'])
    expect(resumed.status).toBe(0)
    expect(readdirSync(saveDir)).toContain('tiny_quantize.onnx')
    expect(readdirSync(saveDir)).not.toContain('.squire-checkpoint')
  })
})

test('a checkpoint that cannot be written whole leaves nothing behind', async () => {
  const saveDir = join(folder, 'full')
  mkdirSync(saveDir)
  // No file may be larger than 1 KiB: as on a full disk, writing fails in the middle.
  const ended = await limited('trap "" XFSZ; ulimit -f 1', ['-m', model, '-s', saveDir, ...script('dataset')])
  expect(ended.status).toBe(5)
  expect(ended.stderr).toContain(`error: cannot write the checkpoint ${join(saveDir, '.squire-checkpoint')}: EFBIG`)
  expect(readdirSync(saveDir)).toEqual([])
})

test('a disk that is full when the last files are written leaves no others behind, and what is done is kept', async () => {
  const saveDir = join(folder, 'late')
  // The report with its page is the largest file, and one of the last; a checkpoint of one sample is small.
  const ended = await limited('trap "" XFSZ; ulimit -f 250', [
    '-m',
    model,
    '-s',
    saveDir,
    '-uds',
    fixture('tiny.mjs'),
    '-if',
    'dataset',
    '-i',
    '1',
    ...plain,
  ])
  expect(ended.status).toBe(5)
  expect(ended.stderr).toContain('error: cannot write to the output folder')
  expect(ended.stderr).toContain('repeat the command with --resume')
  expect(readdirSync(saveDir)).toEqual(['.squire-checkpoint'])
})

test('a link under the name of a temporary file is not followed', async () => {
  const saveDir = join(folder, 'linked')
  const precious = join(folder, 'precious')
  mkdirSync(saveDir)
  writeFileSync(precious, 'mine')
  symlinkSync(precious, join(saveDir, '.squire-checkpoint.tmp'))
  const ended = await squire(['quant', '-m', model, '-s', saveDir, ...script('dataset')])
  expect(ended.status).toBe(0)
  expect(readFileSync(precious, 'utf8')).toBe('mine')
})

describe.concurrent('a q outside [0, 31]', () => {
  const nodes = [
    node('Gemm', ['x', 'w'], ['g'], [], 'difference'),
    node('Relu', ['g'], ['r']),
    node('Gemm', ['r', 'v'], ['y'], [], 'second'),
  ]
  const constants = [floats('w', [4, 2], [1, 1, -1, -1, 0, 0, 0, 0]), floats('v', [2, 2])]
  const steep = write(tiny({ nodes, constants }), folder, 'steep.onnx')
  const offence =
    /OP:Gemm_scaleFix q2:-\d+ must range in \[0, 31\] to meet hardware specifications \(node "difference"\)/

  test('is fatal: operator, remedies, nothing written', async () => {
    const args = ['-m', steep, ...data('cancelling'), '-qm', 'percentile', '-per', '0.5']
    const error = await refused(folder, 4, args)
    expect(error).toContain('The model cannot run on TX5105C')
    expect(error).toMatch(offence)
    expect(error).toContain('calibrate with other or more data, try another --quant-mode, or adjust the weights')
  })

  test('of one quantization among several is a row of the table, and the others go on', async () => {
    const modes = ['-m', steep, '-qm', 'percentile', 'min_max', '-per', '0.5']
    const { status, stdout, stderr, out, report } = await quantize('cancelling', ...modes)
    expect(status).toBe(0)
    expect(stdout).toMatch(/percentile .* Fail .* percentile_it_12/)
    expect(stdout).toMatch(/min_max .* % .* min_max_it_12/)
    expect(stdout + stderr).toMatch(offence)
    expect(readdirSync(out).sort()).toEqual([
      'inputs',
      'log',
      'min_max_it_12',
      'report.html',
      'report.json',
      'run.json',
      'stats.arrow',
    ])
    expect(report.results.map((row: { mode: string }) => row.mode)).toEqual(['min_max', 'percentile'])
    expect(report.results[1].error).toMatch(offence)
  })
})

describe.concurrent('what is odd, but runs', () => {
  test('tensors that are zero in all samples: each is named', async () => {
    const { status, stderr, out } = await quantize('zeros')
    expect(status).toBe(0)
    expect(stderr).toContain('warning: tensor "x" is zero in all 12 samples')
    expect(stderr).toContain('warning: tensor "y" is zero in all 12 samples')
    expect(Object.keys(contents(out))).toContain('tiny_quantize.onnx')
  })

  test('a timer that the script leaves running does not keep the run from ending', async () => {
    expect(await quantize('inferLeavesTimer')).toMatchObject({ status: 0, report: { skipped: [] } })
  })

  test.each(['zeroMetric', 'inferZero'])('a float metric of 0 has no loss (%s)', async (name) => {
    const { status, stdout, report } = await quantize(name)
    expect(status).toBe(0)
    expect(stdout).toContain('Quantization Loss: undefined, the float metric is 0')
    expect(stdout).not.toContain('NaN')
    expect(report.results[0]).toMatchObject({ floatMetric: 0, loss: null })
  })

  test.each(['noMetric', 'inferNoMetric'])('no metric, no loss (%s)', async (name) => {
    const { status, stdout, report } = await quantize(name)
    expect(status).toBe(0)
    expect(stdout).toContain('Quantization Loss: none, there is no metric')
    expect(stdout).not.toContain('NaN')
    expect(report.results[0]).toMatchObject({ floatMetric: null, loss: null, fixMetric: null })
  })
})
