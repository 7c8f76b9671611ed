import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { type ConfigOptions, makeConfig } from '../../src/config/config.js'
import { quantize } from '../../src/index.js'
import { writeModel } from '../../src/onnx/file/write.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../src/onnx/node.js'
import { makeTensor } from '../../src/onnx/tensor.js'
import { DataType } from '../../src/onnx/types.js'

describe("a library caller's options", () => {
  it('are filled with the defaults of the command', async () => {
    expect(makeConfig({ model: 'net.onnx' })).toEqual((await configure(['quant', '-m', 'net.onnx'])).config)
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

  it('may be text where the command line has text', () => {
    const given = {
      bitWidth: '8',
      outputDequant: 'true',
      image: { mean: '123.675 116.28 103.53', std: [58, '57', 57] },
    }
    expect(makeConfig({ model: 'net.onnx', ...given } as unknown as ConfigOptions)).toMatchObject({
      bitWidth: 8,
      outputDequant: true,
      image: { colorSpace: 'BGR', mean: [123.675, 116.28, 103.53], std: [58, 57, 57] },
    })
  })

  it('in groups are merged with their defaults', () => {
    expect(makeConfig({ model: 'a', selection: { samples: 3 } })).toMatchObject({
      selection: { samples: 3, seed: 0 },
      iterations: 'all',
    })
  })

  it('may be the configuration of another run', () => {
    const config = makeConfig({ model: 'a', iterations: [3, 1], modes: 'all', image: { mean: [1], std: [2] } })
    expect(makeConfig(config)).toEqual(config)
  })

  it.each([
    [{ mode: ['kl'] }, 'unknown option "mode"; did you mean "model"?'],
    [{ itterations: [1] }, 'unknown option "itterations"; did you mean "iterations"?'],
    [{ image: { men: 1 } }, 'unknown option "image.men"; did you mean "image.mean"?'],
    [{ image: 'BGR' }, 'option "image": expected options by name, got "BGR"'],
    [
      { modes: ['kl3'] },
      'option "modes": expected "kl", "min_max", "mse", "percentile", "kl_v2", "all" or "auto", got "kl3"; did you mean "kl"?',
    ],
    [{ modes: [] }, 'option "modes": expected "kl", "min_max"'],
    [{ modes: 3 }, 'option "modes": expected "kl", "min_max"'],
    [{ iterations: [0] }, 'option "iterations": expected "all" or an integer of at least 1, got 0'],
    [{ iterations: [3, 'all'] }, 'option "iterations": "all" stands alone, got 3 all'],
    [{ modes: ['auto', 'kl'] }, 'option "modes": "auto" tries several modes and stands alone, got kl auto'],
    [{ cpuNum: 1.5 }, 'option "cpuNum": expected an integer from 1 to 1024, got 1.5'],
    [{ cpuNum: 1e9 }, 'option "cpuNum": expected an integer from 1 to 1024, got 1000000000'],
    [{ percent: 2 }, 'option "percent": expected a number above 0 and at most 1, got 2'],
    [{ bitWidth: 16 }, 'option "bitWidth": TX5105C computes in 8 bits, not in 16: choose 8'],
    [{ bitWidth: 4 }, 'option "bitWidth": TX5105C computes in 8 bits, not in 4: choose 8'],
    [{ bitWidth: 0 }, 'option "bitWidth": expected an integer from 1 to 32, got 0'],
    [{ bitWidth: Number.NaN }, 'option "bitWidth": expected an integer from 1 to 32, got NaN'],
    [{ bitWidth: null }, 'option "bitWidth": expected an integer from 1 to 32, got null'],
    [{ image: { mean: [1] } }, 'option "image.mean" needs option "image.std" too: give both or neither'],
    [
      { framework: 'paddle' },
      'option "framework": squire reads ONNX models only, not paddle: export the model with paddle2onnx',
    ],
    [{ model: undefined }, 'option "model": expected the path of an ONNX file, got none'],
    [{ model: 7 }, 'option "model": expected a path, got 7'],
    [{ saveDir: () => 'out' }, 'option "saveDir": expected a path, got a function'],
  ])('%j is refused', (options, message) => {
    let thrown: unknown
    try {
      makeConfig({ model: 'net.onnx', ...options } as unknown as ConfigOptions)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ name: 'SquireError', code: 'CONFIG', message: expect.stringContaining(message) })
  })

  it.each([undefined, null, 'net.onnx', 3])('are expected by name, not as %j', (options) => {
    expect(() => makeConfig(options as unknown as ConfigOptions)).toThrow('expected options by name')
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
    expect(results).toMatchObject([{ mode: expect.any(String), iteration: 1, error: undefined, directory: '.' }])
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'inputs',
      'net_qdq.onnx',
      'net_quantize.onnx',
      'net_scale.json',
      'report.html',
      'report.json',
      'run.json',
      'stats.arrow',
      'steps',
    ])
  })
})
