// What refinement asks of some samples: sums over the patches that operators read.

import type { Feeds } from '../src/dataset/types.js'
import type { GatherAnswer, Gathered, GatheredInput, GatherTask, HeldSample } from '../src/engine/protocol.js'
import { gramOf, mixed } from '../src/refine/gram.js'
import { type Numbers, Patches } from '../src/refine/reading.js'
import { addGrams, addMeans, inFractions } from '../src/refine/statistics.js'
import { sessionOf } from './models.js'

export async function runGather(task: GatherTask): Promise<GatherAnswer> {
  const { inputs, model, samples, patches } = task
  const stop = new Int32Array(task.stop)
  let gathered: readonly Gathered[] = inputs.map(() => ({ means: undefined, gram: undefined }))
  for (const { feeds, seed } of samples) {
    if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped' }
    const values = await run(model, feeds)
    // Several operators may read one tensor.
    const fractions = new Map<string, Int32Array>()
    const fractionsOf = ({ tensor, step }: GatheredInput) => {
      const found = fractions.get(tensor) ?? inFractions(values[tensor]!.data as Numbers, step)
      fractions.set(tensor, found)
      return found
    }
    gathered = inputs.map((input, i): Gathered => {
      const { means, gram } = gathered[i]!
      const value = values[input.tensor]!
      return patches === undefined
        ? { gram, means: addMeans(means, meansOf(input, value.dims, fractionsOf(input))) }
        : { means, gram: addGrams(gram, gramOfInput(input, value, patches, mixed(seed + i))) }
    })
  }
  return { kind: 'done', gathered }
}

/** What the model is fed and what it writes. */
async function run(model: GatherTask['model'], feeds: HeldSample['feeds']): Promise<Feeds> {
  if (model === undefined) return feeds
  const session = await sessionOf(model)
  const read = Object.fromEntries(model.inputs.map(({ name }) => [name, feeds[name]!]))
  return { ...feeds, ...(await session.run(read, model.outputs)) }
}

function meansOf({ reading }: GatheredInput, dims: readonly number[], fractions: Int32Array) {
  const patches = new Patches(reading, dims)
  return { count: patches.count, sums: patches.sums(fractions) }
}

function gramOfInput({ reading, bits }: GatheredInput, { dims, data }: Feeds[string], most: number, seed: number) {
  const patches = new Patches(reading, dims)
  return gramOf({ values: data as Numbers, bits, patches, reading, most, seed })
}
