// `squire doctor`: what this machine has for squire, and whether models run on it.

import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { option } from '../../config/option.js'
import { text } from '../../config/values.js'
import { exitCodes, messageOf, SquireError } from '../../errors.js'
import { squireVersion } from '../../version.js'
import { readCommandLine } from '../commandLine.js'
import { print } from '../print.js'
import type { Command } from './types.js'

const options = {
  python: option(text('PROGRAM', 'a program'), {
    long: 'python',
    group: 'Options',
    help: 'the Python that runs infer functions of Python scripts',
    fallback: 'python3',
  }),
}

export const doctor: Command = {
  usage: 'doctor [options]',
  description: 'Says what this machine has for squire, and whether models run on it.',
  options,
  async run(argv) {
    const { operands, values } = readCommandLine(argv, options)
    if (operands.length > 0) {
      throw new SquireError('USAGE', `squire doctor: expected options only, got "${operands[0]}"`)
    }
    const chips = (await import('../../fixedpoint/chip.js')).chipNames
    const runtime = await checked(runtimeRuns)
    const lines: readonly (readonly [string, string])[] = [
      ['squire', squireVersion()],
      ['node', `${process.versions.node}, ${process.platform} ${process.arch}`],
      ['runtime', runtime.text],
      ['cores', `${availableParallelism()} available to this process; ${cpus()[0]?.model ?? 'unknown processor'}`],
      ['memory', memory()],
      ['temporary files', (await checked(temporaryFolder)).text],
      ['chips', chips.join(', ')],
      ['python', (await checked(() => python(values.python))).text],
    ]
    print(lines.map(([name, text]) => `${name.padEnd(16)} ${text}\n`).join(''))
    return runtime.failed ? exitCodes.WORKER : 0
  },
}

interface Checked {
  readonly text: string
  readonly failed: boolean
}

async function checked(check: () => Promise<string>): Promise<Checked> {
  try {
    return { text: await check(), failed: false }
  } catch (error) {
    return { text: `PROBLEM: ${messageOf(error).trim().split('\n')[0]}`, failed: true }
  }
}

/** Runs a model of one addition, which takes the runtime's library and its kernels. */
async function runtimeRuns(): Promise<string> {
  const [{ createSession, runtimeVersion }, { makeGraph, makeModel, makeNode, makeValueInfo }, types, { encodeModel }] =
    await Promise.all([
      import('../../onnx/runtime/session.js'),
      import('../../onnx/node.js'),
      import('../../onnx/types.js'),
      import('../../onnx/model.js'),
    ])
  const { FLOAT } = types.DataType
  const graph = makeGraph({
    nodes: [makeNode('Add', ['x', 'x'], ['y'])],
    inputs: [makeValueInfo('x', FLOAT, [1])],
    outputs: [makeValueInfo('y', FLOAT, [1])],
    initializers: [],
  })
  const session = await createSession(encodeModel(makeModel(graph, 13)))
  const { y } = await session.run({ x: { type: 'float32', dims: [1], data: Float32Array.of(21) } })
  await session.release()
  if (y?.data[0] !== 42) throw new Error(`21 + 21 gave ${y?.data[0]}`)
  return `ONNX Runtime ${runtimeVersion()}, runs models`
}

function memory(): string {
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`
  const limit = process.constrainedMemory()
  const limited = limit > 0 && limit < totalmem() ? `, ${gigabytes(limit)} of it for this process` : ''
  return `${gigabytes(totalmem())}${limited}`
}

async function temporaryFolder(): Promise<string> {
  await access(tmpdir(), constants.W_OK)
  return `${tmpdir()}, can be written (TMPDIR names another)`
}

const probe = `
import sys
try:
    import numpy
    found = "numpy " + numpy.__version__
except ImportError:
    found = "without numpy, which Python scripts need"
print(sys.version.split()[0] + ", " + found)
`

async function python(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['-c', probe], { timeout: 20_000 })
  return `${program} ${stdout.trim()}`
}
