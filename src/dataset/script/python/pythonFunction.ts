// An infer function of a Python script as squire calls any: in one interpreter, or in several where the script asks for it.

import type { SquireError } from '../../../errors.js'
import type { InferFunction } from '../../types.js'
import { requireFile } from '../userScript.js'
import { PythonScript, type PythonScriptOptions, type Returned } from './pythonScript.js'

export interface OpenedFunction {
  readonly infer: InferFunction
  /** Ends all interpreters; a call under way fails with `reason`. */
  close(reason: SquireError): Promise<void>
}

/** What a script offers, once it is loaded. */
export interface OpenedScript {
  /** Names of its infer functions. */
  readonly names: readonly string[]
  open(name: string): OpenedFunction
  close(reason: SquireError): Promise<void>
}

/** @throws SquireError USER_SCRIPT when Python does not start or the script does not load */
export async function openPythonScript(options: PythonScriptOptions): Promise<OpenedScript> {
  await requireFile(options.script)
  const scripts = [new PythonScript(options)]
  const close = async (reason: SquireError) => {
    await Promise.all(scripts.map((script) => script.end(reason)))
  }
  const ready = await scripts[0]!.ready().catch(async (error: SquireError) => {
    await close(error)
    throw error
  })
  if (!ready.numpy) {
    options.warn(
      `${ready.executable} has no numpy: executor.forward takes and gives memoryviews. Install it with \`${ready.executable} -m pip install numpy\`, or name another interpreter with --python`,
    )
  }
  return {
    names: Object.keys(ready.functions),
    open(name) {
      const count = ready.functions[name]!
      while (scripts.length < count) scripts.push(new PythonScript(options))
      return { infer: (executor) => callAll(scripts, name, executor), close }
    },
    close,
  }
}

/**
 * The function in every interpreter, each with its share of the forwards. The metric is the mean of the shares', weighted by their forwards (or
 * by what a function returns beside its metric), added up in the order of the shares.
 */
async function callAll(scripts: readonly PythonScript[], name: string, executor: Parameters<InferFunction>[0]) {
  const count = scripts.length
  if (count === 1) return (await scripts[0]!.call(name, executor, { index: 0, count }))?.value
  // The first forward's shapes become the quantized model's: in every run those of the first share.
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const calls = scripts.map(async (script, index) => {
    if (index > 0) await begun
    return script.call(name, executor, { index, count }, index === 0 ? begin : undefined)
  })
  calls[0]!.then(begin, begin)
  const results = await Promise.allSettled(calls)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return weightedMean(results.map((result) => (result as PromiseFulfilledResult<Returned | undefined>).value))
}

function weightedMean(returned: readonly (Returned | undefined)[]): number | undefined {
  const shares = returned.filter((share) => share !== undefined && share.weight !== 0)
  const total = shares.reduce((sum, share) => sum + share!.weight, 0)
  if (shares.length === 0) return undefined
  return shares.reduce((sum, share) => sum + share!.value * share!.weight, 0) / total
}
