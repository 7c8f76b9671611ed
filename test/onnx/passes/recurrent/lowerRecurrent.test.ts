import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lowerRecurrent } from '../../../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { largestDifference, operators, runModel } from '../../models.js'
import { recurrentFeeds, recurrentForm, recurrentModel } from '../../recurrent.js'

describe('lowerRecurrent', () => {
  it('gives what the runtime gives, whatever the form of the layer', async () => {
    const law = fc.asyncProperty(recurrentForm, async (form) => {
      const proto = recurrentModel(form)
      const { proto: lowered, count } = await lowerRecurrent.apply(proto)
      expect(count).toBe(1)
      expect(operators(lowered)).not.toContain(form.type)
      const feeds = recurrentFeeds(form, proto)
      expect(largestDifference(await runModel(proto, feeds), await runModel(lowered, feeds), 1)).toBeLessThan(1e-4)
    })
    await fc.assert(law, { numRuns: 150 })
  })
})
