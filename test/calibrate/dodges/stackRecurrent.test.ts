// Recurrent layers of one sample, in one pass with others: the oracle is each by itself in the model as it is.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { forSeveral, samplesToStack } from '../../../src/calibrate/dodges/stack.js'
import { splitOutputs, stackSamples } from '../../../src/dataset/batch.js'
import { modelFile } from '../../../src/engine/modelFile.js'
import { lowerRecurrent } from '../../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { createSession } from '../../../src/onnx/runtime/session.js'
import { shapesFor } from '../../../src/onnx/shapes/shapes.js'
import type { ModelProto, TensorValue } from '../../../src/onnx/types.js'
import { temporaryFolder } from '../../onnx/folder.js'
import { asModel, largestDifference, runModel } from '../../onnx/models.js'
import { recurrentFeeds, recurrentForm, recurrentModel } from '../../onnx/recurrent.js'

const at = temporaryFolder()

type Feeds = Record<string, TensorValue>

/** All that is observed: what the Scans show of their steps, and the products before. */
function withAllOutputs(proto: ModelProto): ModelProto {
  const known = new Set(proto.graph.output.map(({ name }) => name))
  const shown = proto.graph.node.filter(({ opType }) => ['Scan', 'MatMul', 'Add'].includes(opType))
  const added = shown.flatMap(({ output }) => output).filter((name) => !known.has(name))
  return { ...proto, graph: { ...proto.graph, output: [...proto.graph.output, ...added.map((name) => ({ name }))] } }
}

function scaled(feeds: Feeds, factor: number): Feeds {
  const times = ({ data, ...value }: TensorValue) => ({ ...value, data: (data as Float32Array).map((x) => x * factor) })
  return Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, times(value)]))
}

it('gates and states of every form of a layer are what they are alone', async () => {
  // The runtime's Elu and others give the last values of an array other bits: such layers are not stacked.
  const forms = recurrentForm.map((form) => ({ ...form, batch: 1, lengths: false, activations: [] }))
  const law = fc.asyncProperty(forms, async (form) => {
    const proto = withAllOutputs((await lowerRecurrent.apply(recurrentModel(form))).proto)
    const feeds = recurrentFeeds(form, recurrentModel({ ...form, open: false }))
    const names = proto.graph.output.map(({ name }) => name)
    const model = { proto, feeds, names, tensors: await shapesFor(asModel(proto), feeds), values: 2 ** 21, samples: 16 }
    const several = await forSeveral(model, (opened) => modelFile(opened, at('several.onnx')))
    const { stacked, stackAxes } = await samplesToStack(model, several!)
    expect(stacked).toBe(8)
    const samples = Array.from({ length: stacked }, (_, i) => scaled(feeds, 1 - i / 5))
    const session = await createSession(several!.file.path)
    const together = await session.run(stackSamples(samples, stacked, {}, stackAxes), names)
    await session.release()
    const parts = splitOutputs(together, stacked, stackAxes)
    for (const i of [0, 3, 7]) {
      expect(largestDifference(await runModel(proto, samples[i]), parts[i]!, 1e-3)).toBeLessThan(1e-5)
    }
  })
  await fc.assert(law, { numRuns: 15 })
})
