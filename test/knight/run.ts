// Runs of Knight's options on small models, in this process: what was said and written.

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configure } from '../../src/cli/configure.js'
import type { Config } from '../../src/config/config.js'
import { decodeModel, modelInputs } from '../../src/onnx/model.js'
import type { ModelProto } from '../../src/onnx/types.js'
import { runConfig as runHere } from '../e2e/here.js'
import { fixture, temporaryFolder } from '../e2e/squire.js'
import { write } from '../e2e/tiny.js'
import { op, weights } from '../e2e/zoo.js'
import { model } from '../onnx/models.js'

export const folder = temporaryFolder()

export const same = { pads: [1, 1, 1, 1] }

/** Two convolutions, a Concat that joins the first with the second, a pool. */
export const network = (dims: readonly (number | string)[] = [1, 3, 8, 8]): ModelProto =>
  model({
    inputs: { x: dims },
    nodes: [
      op('Conv: x w -> c', same, 'conv1'),
      op('Relu: c -> r', {}, 'relu1'),
      op('Conv: r v -> d', same, 'conv2'),
      op('Concat: d r -> k', { axis: 1 }, 'concat'),
      op('GlobalAveragePool: k -> p', {}, 'pool'),
      op('Flatten: p -> y', {}, 'flatten'),
    ],
    constants: [weights('w', 4, 3, 3, 3), weights('v', 4, 4, 3, 3)],
  })

export const net = write(network(), folder, 'net.onnx')
/** The same with a batch and an image size that are open. */
export const dynamic = write(network(['n', 3, '', '']), folder, 'dynamic.onnx')

export const image = '[1,3,8,8]'

/** The words for `count` samples of noise from a dataset object of a script, with a metric. */
export const noise = (dims: string, count: number, name = 'measured') =>
  `-uds ${fixture('noise.mjs')} -if ${name} -d ${JSON.stringify(Array(count).fill(JSON.parse(dims)))} -i ${count}`

export const splitWords = (words: string) => words.split(' ').filter(Boolean)

/** What makes a run short and leaves the graph as it is, but for what these words say themselves. */
export function quick(words: string): string[] {
  const defaults = ['-cn 1', '-qm min_max', '--compare-iteration 0', '--zero-points none']
  return defaults.filter((one) => !words.includes(one.split(' ')[0]!)).flatMap(splitWords)
}

/** Runs what these words say of the model at a path. */
export async function run(path: string, words: string) {
  const saveDir = mkdtempSync(join(folder, 'run-'))
  const { config } = await configure(['quant', '-m', path, '-s', saveDir, ...quick(words), ...splitWords(words)])
  return runConfig(config)
}

let plainRun: ReturnType<typeof run> | undefined
/** net.onnx without any option. */
export function plain() {
  plainRun ??= run(net, '')
  return plainRun
}

/** Runs a configuration of any mode but compare: what was said and written. */
export async function runConfig(config: Config) {
  const { result, said } = await runHere(config)
  const read = (name: string) => readFileSync(join(config.saveDir, name))
  const written = (name: string) => decodeModel(read(name), name)
  const json = (name: string) => JSON.parse(read(name).toString())
  const files = () => readdirSync(config.saveDir).sort()
  return { saveDir: config.saveDir, result, said, read, written, json, files }
}

/** A JSON file for -rc; its path. */
export function jsonFile(content: unknown): string {
  const path = join(mkdtempSync(join(folder, 'json-')), 'run.json')
  writeFileSync(path, JSON.stringify(content))
  return path
}

export const inputsOf = (proto: ModelProto) =>
  modelInputs(proto).map(({ name, dims, dataType }) => ({ name, dims, dataType }))
