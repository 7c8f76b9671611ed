// Exit statuses of the run itself, with the pipeline played by a function.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { run } from '../../src/cli/run.js'
import { type ErrorCode, exitCodes, SquireError } from '../../src/errors.js'
import type { ModeResult, RunResult } from '../../src/report/types.js'
import { engineVariable } from '../../src/supervisor.js'
import { refuseOldNode, squireVersion } from '../../src/version.js'
import { temporaryFolder } from '../e2e/squire.js'

const pipeline = vi.hoisted(() => ({ quantize: vi.fn(), infer: vi.fn() }))
vi.mock('../../src/runs/quantize.js', () => pipeline)
vi.mock('../../src/runs/infer.js', () => pipeline)
const interrupt = vi.hoisted(() => ({ controller: new AbortController(), leave: vi.fn() }))
vi.mock('../../src/cli/signals.js', () => ({
  listenForSignals: () => ({ signal: interrupt.controller.signal, leave: interrupt.leave }),
}))

const written = { stdout: '', stderr: '' }

beforeEach(() => {
  vi.stubEnv(engineVariable, '/workspace')
  for (const name of ['stdout', 'stderr'] as const) {
    written[name] = ''
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text)
      return true
    })
  }
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

// Not in the folder that the tests run in: a run writes its log to the save-dir.
const saveDir = temporaryFolder()
const squire = (words: string) => run(words.replace('-m a.onnx', `-m a.onnx -s ${saveDir}`).split(' '))
const modeResult = (mode: string, error?: string) =>
  ({ model: 'a.onnx', mode, error, directory: mode, files: [] }) as unknown as ModeResult
const result = (...results: ModeResult[]): RunResult => ({ saveDir: '/out', results, skipped: [], stageSeconds: {} })

describe('the exit status', () => {
  it('is 0 after a run, and the pipeline gets the configuration and the workspace', async () => {
    pipeline.quantize.mockResolvedValue(result(modeResult('kl')))
    expect(await squire('quant -m a.onnx -qm kl')).toBe(0)
    const [config, , options] = pipeline.quantize.mock.lastCall!
    expect(config).toMatchObject({ modes: ['kl'] })
    expect(options).toMatchObject({ workspace: '/workspace' })
  })

  it('is 0 when only some of several quantizations failed, 4 when all did', async () => {
    pipeline.quantize.mockResolvedValue(result(modeResult('kl'), modeResult('mse', 'q2 is -1')))
    expect(await squire('quant -m a.onnx -qm kl mse')).toBe(0)
    pipeline.quantize.mockResolvedValue(result(modeResult('kl', 'q2 is -1'), modeResult('mse', 'q2 is -1')))
    expect(await squire('quant -m a.onnx -qm kl mse')).toBe(4)
  })

  it('comes from -r infer by the other function', async () => {
    pipeline.infer.mockResolvedValue(result(modeResult('infer')))
    expect(await squire('quant -m a.onnx -r infer')).toBe(0)
    expect(pipeline.infer).toHaveBeenCalledOnce()
  })

  it.each(Object.entries(exitCodes))('for the code %s is %i, with the message alone', async (code, status) => {
    pipeline.quantize.mockRejectedValue(new SquireError(code as ErrorCode, 'what happened'))
    expect(await squire('quant -m a.onnx')).toBe(status)
    expect(written.stderr).toBe('error: what happened\n')
  })

  it("is the signal's after an interrupt, and the message is not called an error", async () => {
    interrupt.leave.mockReturnValue(143)
    pipeline.quantize.mockImplementation(async () => {
      interrupt.controller.abort()
      throw new SquireError('INTERRUPTED', 'interrupted; go on with --resume')
    })
    expect(await squire('quant -m a.onnx')).toBe(143)
    expect(written.stderr).toBe('interrupted; go on with --resume\n')
    interrupt.controller = new AbortController()
  })

  it('is 70 for a bug in squire, with its stack at -l 0 only', async () => {
    pipeline.quantize.mockRejectedValue(new TypeError('x is not a function'))
    expect(await squire('quant -m a.onnx')).toBe(70)
    expect(written.stderr).toMatch(
      /^internal error: x is not a function; this is a bug in squire [\d.]+, please report it \(-l 0 shows where\)\n$/,
    )
    expect(await squire('quant -m a.onnx -l 0')).toBe(70)
    expect(written.stderr).toMatch(/please report it\n {2}TypeError: x is not a function\n {4}at /)
  })
})

describe('a Node that is too old', () => {
  it.each(['18.20.8', '20.9.0', '20.18.3'])('is refused: %s', (version) => {
    const message = `squire ${squireVersion()} needs Node 20.19.0 or later, and this is Node ${version}: update it`
    expect(() => refuseOldNode(version)).toThrow(new SquireError('USAGE', message))
  })

  it.each(['20.19.0', '20.20.2', '22.12.0', '100.0.0'])('is not %s', (version) => {
    expect(() => refuseOldNode(version)).not.toThrow()
  })

  it('is told before anything is done', async () => {
    pipeline.quantize.mockClear()
    vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...process.versions, node: '20.9.0' })
    expect(await squire('quant -m model.onnx')).toBe(2)
    expect(written.stderr).toContain('needs Node 20.19.0 or later')
    expect(pipeline.quantize).not.toHaveBeenCalled()
  })
})
