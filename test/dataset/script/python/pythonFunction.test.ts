// Scripts in a bare interpreter, called with an executor whose model adds up each row of x.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { makeExecutor } from '../../../../src/dataset/script/executor.js'
import { type OpenedScript, openPythonScript } from '../../../../src/dataset/script/python/pythonFunction.js'
import { SquireError } from '../../../../src/errors.js'
import { DataType } from '../../../../src/onnx/types.js'
import { barePython, bareScript } from './interpreters.js'

const folder = mkdtempSync(path.join(tmpdir(), 'squire-python-'))
afterAll(() => rmSync(folder, { recursive: true }))
const python = barePython(folder)
const over = new SquireError('INTERRUPTED', 'the test is over')
const inputs = [{ name: 'x', dataType: DataType.FLOAT, dims: ['n', 4] }]

const opened: OpenedScript[] = []
afterEach(() => Promise.all(opened.splice(0).map((script) => script.close(over))))

async function open(script = bareScript) {
  const printed = { stdout: '', stderr: '', warnings: [] as string[] }
  const one = await openPythonScript({
    python: python!,
    script,
    inputs,
    onOutput: (stream, text) => {
      printed[stream] += text
    },
    warn: (line) => printed.warnings.push(line),
  })
  opened.push(one)
  return { script: one, printed }
}

function executor(iteration = 4) {
  const seen: number[][] = []
  const own = makeExecutor({
    iteration,
    batchSize: 1,
    dataset: 'photos',
    saveDir: '/out/run',
    inputs,
    outputs: ['y', 'z'],
    outputNodes: { y: 'add', hidden: 'mul' },
    forward: async ({ x }) => {
      const values = [...(x!.data as Float32Array)]
      seen.push(values)
      const sum = values.reduce((a, b) => a + b, 0)
      const y = { type: 'float32' as const, dims: [1, 2], data: Float32Array.of(sum, 2 * sum) }
      return { y, z: { type: 'int64', dims: [1], data: BigInt64Array.of(7n) } }
    },
  })
  return Object.assign(own, { seen })
}

async function failing(name: string, own = executor()): Promise<SquireError> {
  const { script } = await open()
  return await Promise.resolve(script.open(name).infer(own)).then(
    (value) => Promise.reject(new Error(`returned ${value}`)),
    (error: SquireError) => error,
  )
}

describe.skipIf(python === undefined)('an infer function in a bare interpreter', () => {
  it('gets every input and output as it was sent', async () => {
    const own = executor()
    const { script, printed } = await open()
    const value = await script.open('infer').infer(own)
    const expected = own.seen.flat().reduce((sum, x) => sum + x, 0)
    expect(own.seen.length).toBe(4)
    expect(value).toBeCloseTo(3 * expected, 5)
    expect(Math.abs(expected)).toBeGreaterThan(0.01)
    expect(printed.stdout).toContain('dataset photos, save_dir run')
    expect(printed.warnings.join()).toContain('has no numpy: executor.forward takes and gives memoryviews')
  })

  it('may call forward from threads of its own', async () => {
    const [one, other] = [executor(6), executor(6)]
    const { script } = await open()
    const value = await script.open('threads').infer(one)
    expect(await script.open('threads').infer(other)).toBe(value)
    expect(one.seen.length).toBe(6)
  })

  it('in three interpreters makes each forward once; the first share begins; metrics are weighted by forwards', async () => {
    const own = executor(7)
    const { script, printed } = await open()
    const value = await script.open('shared').infer(own)
    const sums = own.seen.map((row) => row.reduce((a, b) => a + b, 0))
    expect(value).toBeCloseTo(sums.reduce((a, b) => a + b, 0) / 7, 6)
    const first = executor(1)
    await script.open('threads').infer(first)
    expect(own.seen[0]).toEqual(first.seen[0])
    for (const share of ['share 0 of 3: 3', 'share 1 of 3: 2', 'share 2 of 3: 2'])
      expect(printed.stdout).toContain(share)
  })

  it('is unwound when its forwards are needed no more, and can be called again', async () => {
    const { script, printed } = await open()
    const stopping = makeExecutor({
      ...{ iteration: 4, batchSize: 1, dataset: undefined, saveDir: '/', inputs, outputs: ['y'], outputNodes: {} },
      forward: async () => {
        throw new SquireError('INTERRUPTED', 'no more')
      },
    })
    const { infer } = script.open('stubborn')
    await expect(infer(stopping)).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(printed.stdout).toContain('left, stop flag True')
    expect(await script.open('threads').infer(executor())).toBeTypeOf('number')
  })

  it('prints to the stream that it chose, bars and all', async () => {
    const { script, printed } = await open()
    expect(await script.open('prints').infer(executor())).toBeUndefined()
    expect(printed.stdout).toBe('to stdout\n')
    expect(printed.stderr).toBe('\r 50%|#####     |\r100%|##########|\n')
  })

  it('need not be registered', async () => {
    const { script } = await open()
    expect(script.names).toContain('infer')
    expect(script.names).toContain('unregistered')
    expect(await script.open('unregistered').infer(executor())).toBeUndefined()
  })
})

describe.skipIf(python === undefined)('a mistake in a script', () => {
  it.each([
    ['raises', 'ended with ValueError: my loader broke', /bare\.py:\d+\)/],
    ['wrong_shape', 'forward 2: input 0 "x" has dims [1, 3], expected [n, 4]', /bare\.py:\d+\)/],
    ['no_array', 'ended with TypeError: forward takes arrays; without numpy, objects with a buffer, not str', /:\d+\)/],
    ['exits', "ended with sys.exit('enough')", /bare\.py:\d+\)/],
    ['dies', 'Python ended with exit status 7 while it ran', /after 1 calls? of forward/],
    ['crashes', 'Python ended by SIGSEGV while it ran', /after 1 calls? of forward/],
    ['text', 'returned a value of type str', /expected its metric as a number, or None/],
  ])('%s', async (name, what, more) => {
    const error = await failing(name)
    expect(error.message).toContain(what)
    expect(error.message).toMatch(more)
    expect(error.code).toBe(name === 'wrong_shape' ? 'DATA' : 'USER_SCRIPT')
  })

  it('leaves a NaN to whoever asked for a metric', async () => {
    const { script } = await open()
    expect(await script.open('nan').infer(executor())).toBeNaN()
  })

  it('shows the traceback of the script alone', async () => {
    const { script, printed } = await open()
    await expect(script.open('raises').infer(executor())).rejects.toThrow()
    expect(printed.stderr).toContain('Traceback (most recent call last):')
    expect(printed.stderr).toContain('raise ValueError("my loader broke")')
    expect(printed.stderr).not.toContain('squire_bridge')
  })

  it.each([
    ['import not_a_module', 'ModuleNotFoundError', /-m pip install not_a_module`, or name the interpreter that has it/],
    ['def f(:', 'SyntaxError', /broken\.py:1\)/],
    ['raise RuntimeError("early")', 'RuntimeError: early', /broken\.py:1\)/],
    ['import sys; sys.exit(3)', 'broken.py (-uds): sys.exit(3)', /broken\.py:1\)/],
    ['import os; os._exit(4)', 'Python ended with exit status 4', /before the script was loaded/],
  ])('that does not load: %s', async (text, what, more) => {
    const broken = path.join(folder, 'broken.py')
    writeFileSync(broken, text)
    const error = await open(broken).catch((caught: SquireError) => caught)
    expect(error).toMatchObject({ code: 'USER_SCRIPT', message: expect.stringContaining(what) })
    expect((error as SquireError).message).toMatch(more)
  })
})
