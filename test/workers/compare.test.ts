// Comparing over samples, as one worker does it.

import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { namedComparison } from '../../src/compare/byName.js'
import { numberedId } from '../../src/dataset/opened.js'
import { makeNode } from '../../src/onnx/node.js'
import { runCompareSamples } from '../../workers/compare.js'
import { temporaryFolder } from '../onnx/folder.js'
import { model } from '../onnx/models.js'

const at = temporaryFolder()

/** Nine samples; those at `bad` cannot be loaded. */
const script = (bad: readonly number[]) => `
import { defineDataset } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)}
export const data = defineDataset(() => ({
  size: () => 9,
  load(index) {
    if (${JSON.stringify(bad)}.includes(index)) throw new Error('it is bad')
    return { inputs: [{ data: new Float32Array([index, -index]), dims: [1, 2] }] }
  },
}))
`

it('leaves out the batches of a fixed size that miss a sample, and no others', async () => {
  const relu = model({ nodes: [makeNode('Relu', ['x'], ['y'])], constants: [], inputs: { x: [2, 2] } })
  writeFileSync(at('data.mjs'), script([3, 8]))
  const comparisons = [await namedComparison(relu, relu, at(''))]
  const source = { kind: 'user', script: at('data.mjs'), exportName: 'data', data: undefined, batchSize: 1 } as const
  const compared = async (...samples: readonly number[]) => {
    const answer = await runCompareSamples({
      ...{ kind: 'compareSamples', comparisons, source, samplesPerForward: 2, onBadSample: 'skip' },
      samples: samples.map((index) => ({ index, id: numberedId(index) })),
      stop: new SharedArrayBuffer(4),
    })
    return answer.kind === 'done' ? answer.compared : answer
  }
  expect(await compared(0, 1, 2, 3, 4, 5, 6, 7, 8)).toBe(6)
  // As several workers would do it.
  expect(await compared(0, 1, 2, 3)).toBe(2)
  expect(await compared(4, 5, 6, 7)).toBe(4)
  expect(await compared(8)).toBe(0)
})
