import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../../src/onnx/attribute.js'
import { lowerEinsum } from '../../../../../src/onnx/passes/lowered/products/einsum.js'
import { largestDifference, model, node, operators, runModel } from '../../../models.js'

const sizes: Readonly<Record<string, number>> = { b: 2, h: 3, i: 4, j: 5, d: 6, k: 7 }

function einsum(equation: string, dimOf: (label: string) => number | string = (label) => sizes[label]!, opset = 13) {
  const operands = equation.split('->')[0]!.split(',')
  const inputs = Object.fromEntries(
    operands.map((labels, i) => [`x${i}`, [...labels.trim().replace('...', 'bh')].map(dimOf)]),
  )
  const made = node('Einsum', Object.keys(inputs), ['y'], [makeAttribute('equation', equation)], 'sum')
  return model({ nodes: [made], inputs, opset })
}

describe('lowerEinsum', () => {
  it.each([
    'ij,jk->ik',
    'ij, jk',
    'bhid,bhjd->bhij',
    'bihd,bjhd->bhij',
    'bhij,bjhd->bihd',
    'bid,dhk->bihk',
    'bihd,hdk->bik',
    'bij,bij->b',
    'i,j->ij',
    'bij->jbi',
    'bij->ji',
    'bij->b',
    '...ij,...jk->...ik',
    '...ij,jk->...ik',
    '...ij, ...jk',
    'b...i->...b',
  ])('%s gives what the runtime gives', async (equation) => {
    for (const opset of [12, 13, 18]) {
      const proto = einsum(equation, undefined, opset)
      const { proto: lowered, count } = await lowerEinsum.apply(proto)
      expect(count).toBe(1)
      expect(operators(lowered)).not.toContain('Einsum')
      expect(largestDifference(await runModel(proto), await runModel(lowered), 1e-3)).toBeLessThan(1e-5)
    }
  })

  it('attention needs no Reshape, so that dims may be open', async () => {
    const { proto } = await lowerEinsum.apply(einsum('bihd,bjhd->bhij', (label) => label))
    expect(operators(proto)).toEqual(['Transpose', 'Transpose', 'MatMul'])
  })

  it.each(['ij,jk,kd->id', 'ij,jk->k', 'bid,bdhk,bi->bhk', 'bij,jdk->', 'i,j,k->kji'])(
    '%s in parts',
    async (equation) => {
      const proto = einsum(equation)
      let lowered = proto
      for (let left = 1; left > 0; ) {
        const result = await lowerEinsum.apply(lowered)
        lowered = result.proto
        left = result.count
      }
      expect(operators(lowered)).not.toContain('Einsum')
      expect(largestDifference(await runModel(proto), await runModel(lowered), 1e-3)).toBeLessThan(1e-5)
    },
  )

  it('of a diagonal stays', async () => {
    const proto = einsum('ii->i')
    expect((await lowerEinsum.apply(proto)).proto).toBe(proto)
  })
})
