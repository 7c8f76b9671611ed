// From the options to a runner: which of the ways to bring data this run uses.

import { readFile } from 'node:fs/promises'
import { nearest } from '../config/nearest.js'
import { builtIns } from '../dataset/builtin/index.js'
import { datasetFunction } from '../dataset/script/datasetValue.js'
import { type DefinedDataset, isDefinedDataset } from '../dataset/script/defineDataset.js'
import { openPythonScript } from '../dataset/script/python/pythonFunction.js'
import { awaited } from '../dataset/script/userCode.js'
import { digestOf, requireMembers } from '../dataset/script/userDataset.js'
import { isPython, loadUserScript } from '../dataset/script/userScript.js'
import { shown } from '../dataset/tensors/inputTensor.js'
import type { Dataset } from '../dataset/types.js'
import { inText, listed, SquireError } from '../errors.js'
import { modelInputs } from '../onnx/model.js'
import { openSource } from './dataset/openSource.js'
import { openFunction } from './infer/openFunction.js'
import type { OpenOptions } from './openOptions.js'
import type { Runner } from './runner.js'

export async function openRunner(options: OpenOptions): Promise<Runner> {
  const { config } = options
  const name = config.inferFunction
  const { dataset, infer } = options.values ?? {}
  if (dataset !== undefined) return openValue(dataset, options)
  if (infer !== undefined) return openFunction(infer, infer.name || 'infer', String(infer), options)
  if (config.userScript === undefined) {
    // A folder or file of data needs no function; without data there is only the vendor's random input.
    if (name === undefined && config.data !== undefined) {
      return openSource({ kind: 'path', path: config.data, image: config.image }, options)
    }
    const opened = await openBuiltIn(name ?? 'infer_auto', options)
    if (opened !== undefined) return opened
    const near = nearest(name!, Object.keys(builtIns))
    const hint = near === undefined ? '' : ` Did you mean "${near}"?`
    throw new SquireError(
      'USAGE',
      `infer function "${name}" (-if) is not built in: expected ${listed(Object.keys(builtIns))}, ` +
        `or the module that exports it with --user-defined-script (-uds).${hint}`,
    )
  }
  if (name === undefined) {
    throw new SquireError('USAGE', `--infer-func (-if) is missing: which export of ${config.userScript} is the data?`)
  }
  if (isPython(config.userScript)) return openPython(config.userScript, name, options)
  const exported = await loadUserScript(config.userScript, name)
  if (exported.kind === 'function') {
    return openFunction(exported.infer, name, await readFile(config.userScript, 'utf8'), options)
  }
  const { userScript, data, batchSize } = config
  return openSource({ kind: 'user', script: userScript, exportName: name, data, batchSize }, options)
}

/** Its samples are loaded on this thread. */
async function openValue(given: Dataset | DefinedDataset, options: OpenOptions): Promise<Runner> {
  const { config, model } = options
  const inputs = modelInputs(model.proto)
  const { data, batchSize } = config
  const dataset = isDefinedDataset(given)
    ? await awaited('option "dataset" threw', () => given({ data, batchSize, inputs }))
    : given
  requireMembers(dataset, 'option "dataset"')
  const size = await awaited('option "dataset": size() threw', () => dataset.size())
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new SquireError(
      'DATA',
      `option "dataset": size() gave ${inText(size)}, expected a whole number of at least 1`,
    )
  }
  const all = Math.ceil(size / batchSize)
  const { iterations, evalIteration } = config
  const counted = {
    ...config,
    iterations: iterations === 'all' ? [all] : iterations,
    evalIteration: evalIteration === 'all' ? all : evalIteration,
  }
  const identity = (await digestOf(dataset, 'option "dataset"')) ?? String(dataset.load)
  const infer = datasetFunction(dataset, size, inputs)
  return openFunction(infer, 'dataset', `${size} ${identity}`, { ...options, config: counted })
}

/** What squire has under this name; undefined where it has nothing. */
async function openBuiltIn(name: string, options: OpenOptions): Promise<Runner | undefined> {
  const builtIn = Object.hasOwn(builtIns, name) ? builtIns[name] : undefined
  if (builtIn?.kind === 'dataset') {
    return openSource(await builtIn.source(options.config, modelInputs(options.model.proto)), options)
  }
  if (builtIn !== undefined) {
    warnOfOpenDims(options)
    return openFunction(builtIn.infer, name, '', options)
  }
  return undefined
}

/** A function that the script has, or one of squire's own: Knight's command lines name both beside a script. */
async function openPython(script: string, name: string, options: OpenOptions): Promise<Runner> {
  const { config, model, reporter, signal } = options
  const opened = await openPythonScript({
    python: config.python,
    script,
    inputs: modelInputs(model.proto),
    onOutput: (stream, text) => reporter.output(stream, text),
    warn: (line) => reporter.warn(line),
  })
  const stop = () => void opened.close(new SquireError('INTERRUPTED', 'interrupted'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  if (opened.names.includes(name)) {
    const { infer, close } = opened.open(name)
    return openFunction(infer, name, await readFile(script, 'utf8'), options, close)
  }
  await opened.close(new SquireError('INTERRUPTED', 'not needed'))
  const own = await openBuiltIn(name, options)
  if (own !== undefined) return own
  const has = opened.names.length === 0 ? 'it has no functions' : `it has ${listed(opened.names, 'and')}`
  throw new SquireError('USER_SCRIPT', `${script} registers no infer function "${name}" (-if): ${has}`)
}

/** Random input has no size of its own: as in Knight, every open dimension becomes the batch size, the image's height as well. */
function warnOfOpenDims({ config, model, reporter }: OpenOptions): void {
  if (config.runMode !== 'quant' && config.runMode !== 'auto_quant') return
  for (const { name, dims } of modelInputs(model.proto)) {
    if (!dims.slice(1).some((dim) => typeof dim === 'string')) continue
    reporter.warn(
      `input "${name}" has dynamic dims ${shown(dims)}: infer_auto makes them the batch size, ${config.batchSize}, ` +
        'and the quantized model will take no other. Give data of the size that the chip is to see, with -d or -uds, or its dims, with -is.',
    )
  }
}
