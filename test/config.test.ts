import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { configure } from '../src/cli/configure.js'
import { parseCommandLine } from '../src/cli/program.js'
import { type ConfigOptions, makeConfig } from '../src/config.js'
import { quantize } from '../src/index.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../src/onnx/node.js'
import { makeTensor } from '../src/onnx/tensor.js'
import { DataType } from '../src/onnx/types.js'
import { writeModel } from '../src/onnx/write.js'

describe("a library caller's options", () => {
  it('are filled with the defaults of the command', () => {
    expect(makeConfig({ model: 'net.onnx' })).toEqual(configure(parseCommandLine(['quant', '-m', 'net.onnx'])))
  })

  it('are frozen, sorted, without repeats, and paths are absolute', () => {
    const config = makeConfig({
      model: 'net.onnx',
      iterations: [5, 1, 5],
      modes: ['mse', 'kl', 'mse'],
      userScript: 'data.mjs',
    })
    expect(config).toMatchObject({ iterations: [1, 5], modes: ['kl', 'mse'] })
    expect([config.model, config.saveDir, config.userScript].every((path) => isAbsolute(path!))).toBe(true)
    expect(Object.isFrozen(config)).toBe(true)
  })

  it.each([
    [{ mode: ['kl'] }, 'unknown option "mode"; expected "model", "cpuNum", "chip"'],
    [{ modes: ['kl3'] }, 'option "modes": expected some of "kl", "min_max", "mse", "percentile" or "kl_v2", got "kl3"'],
    [{ modes: [] }, 'option "modes": expected some of'],
    [{ iterations: [0] }, 'option "iterations": expected whole numbers of at least 1, got 0'],
    [{ cpuNum: 1.5 }, 'option "cpuNum": expected whole numbers of at least 1, got 1.5'],
    [{ percent: 2 }, 'option "percent": expected a fraction, 0 < p <= 1, got 2'],
    [{ model: undefined }, 'option "model": expected the path of an ONNX file, got none'],
  ])('%j is refused', (options, message) => {
    expect(() => makeConfig({ model: 'net.onnx', ...options } as ConfigOptions)).toThrow(message)
  })
})

describe('quantize() of the library', () => {
  const folder = mkdtempSync(join(tmpdir(), 'squire-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('writes what the command writes', async () => {
    const weights = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i))
    const proto = makeModel(
      makeGraph({
        nodes: [makeNode('MatMul', ['x', 'w'], ['y'], [], 'product')],
        inputs: [makeValueInfo('x', DataType.FLOAT, [1, 4])],
        outputs: [makeValueInfo('y', DataType.FLOAT, [1, 3])],
        initializers: [makeTensor('w', DataType.FLOAT, [4, 3], weights)],
      }),
      13,
    )
    const model = join(folder, 'net.onnx')
    await writeModel(proto, model)
    const { results } = await quantize({ model, saveDir: join(folder, 'out'), cpuNum: 1 })
    expect(results).toMatchObject([{ mode: 'kl', iteration: 1, error: undefined, directory: '.' }])
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'net_qdq.onnx',
      'net_quantize.onnx',
      'net_scale.json',
      'report.json',
      'stats.arrow',
      'steps',
    ])
  })
})
