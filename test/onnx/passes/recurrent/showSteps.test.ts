import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { subgraphs } from '../../../../src/onnx/attribute.js'
import { showSteps } from '../../../../src/onnx/passes/recurrent/showSteps.js'
import { largestDifference, runModel } from '../../models.js'
import { scanModel, writtenScan } from '../../scans.js'

describe('showSteps', () => {
  it('shows what steps compute, and changes no value, whatever the axes and directions', async () => {
    const law = fc.asyncProperty(writtenScan, async (form) => {
      const proto = scanModel(form)
      const { proto: shown, count } = await showSteps.apply(proto)
      expect(count).toBe(1)
      const scan = shown.graph.node.find(({ opType }) => opType === 'Scan')!
      const body = subgraphs(scan)[0]!
      expect(body.node.map(({ opType }) => opType)).not.toContain('Constant')
      expect(body.output.length).toBeGreaterThan(5)
      expect(scan.output).toHaveLength(body.output.length)
      expect(largestDifference(await runModel(proto), await runModel(shown))).toBe(0)
      expect((await showSteps.apply(shown)).count).toBe(0)
    })
    await fc.assert(law, { numRuns: 40 })
  })
})
