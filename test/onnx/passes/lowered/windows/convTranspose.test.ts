import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../../src/onnx/attribute.js'
import { lowerConvTranspose } from '../../../../../src/onnx/passes/lowered/windows/convTranspose.js'
import { floats, largestDifference, model, node, operators, runModel } from '../../../models.js'

const small = (min: number, max: number) => fc.integer({ min, max })

const form = fc
  .record({
    rank: fc.constantFrom(1, 2, 3),
    strides: fc.oneof(
      small(1, 4).map((stride) => [stride, stride, stride]),
      fc.tuple(small(1, 3), small(1, 3), small(1, 3)),
    ),
    kernel: fc.tuple(small(1, 5), small(1, 5), small(1, 3)),
    dilation: small(1, 2),
    before: fc.tuple(small(0, 3), small(0, 3), small(0, 3)),
    after: fc.tuple(small(0, 3), small(0, 3), small(0, 3)),
    extra: small(0, 3),
    group: small(1, 2),
    bias: fc.boolean(),
    decided: fc.constantFrom('pads', 'pads', 'SAME_UPPER', 'SAME_LOWER', 'VALID', 'output_shape'),
    relu: fc.boolean(),
    opset: fc.constantFrom(11, 13, 18),
  })
  .map(({ kernel, before, after, extra, ...rest }) => ({
    ...rest,
    kernel: kernel.slice(0, rest.rank),
    pads: [...before.slice(0, rest.rank), ...after.slice(0, rest.rank)],
    strides: rest.strides.slice(0, rest.rank),
    extra: Math.min(extra, ...rest.strides.map((stride) => stride - 1)),
  }))

type Form = typeof form extends fc.Arbitrary<infer T> ? T : never

const inputSpace = (rank: number) => [7, 6, 5].slice(0, rank)

function transposed({ rank, strides, kernel, dilation, pads, extra, group, bias, relu, opset, decided }: Form) {
  const space = inputSpace(rank)
  // A little less than there is without padding.
  const shape = space.map(
    (size, i) =>
      strides[i]! * (size - 1) + extra + dilation * (kernel[i]! - 1) + 1 - (pads[i]! % 2) * (pads[i + rank]! + 1),
  )
  const padding = {
    pads: { pads },
    output_shape: { output_shape: shape },
    ...Object.fromEntries(['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((name) => [name, { auto_pad: name }])),
  }
  const attributes = Object.entries({
    strides,
    dilations: Array<number>(rank).fill(dilation),
    output_padding: Array<number>(rank).fill(extra),
    kernel_shape: kernel,
    ...padding[decided as 'pads'],
    group,
  }).map(([name, value]) => makeAttribute(name, value))
  const weights = [floats('w', [2 * group, 3, ...kernel]), ...(bias ? [floats('b', [3 * group])] : [])]
  const inputs = ['x', ...weights.map(({ name }) => name)]
  const made = node('ConvTranspose', inputs, [relu ? 'z' : 'y'], attributes, 'up')
  return model({
    nodes: [made, ...(relu ? [node('Relu', ['z'], ['y'], [], 'relu')] : [])],
    constants: weights,
    inputs: { x: [1, 2 * group, ...space] },
    opset,
  })
}

describe('lowerConvTranspose', () => {
  it('gives its nodes names that no other node has, though exporters number theirs in the same way', async () => {
    const nodes = [
      node('ConvTranspose', ['x', 'w'], ['c'], [makeAttribute('strides', [2, 2])], 'up'),
      node('ConvTranspose', ['c', 'w'], ['y'], [makeAttribute('strides', [2, 2])], 'up_1'),
    ]
    const proto = model({ nodes, constants: [floats('w', [3, 3, 2, 2])] })
    const { proto: lowered, count } = await lowerConvTranspose.apply(proto)
    expect(count).toBe(2)
    expect(largestDifference(await runModel(proto), await runModel(lowered), 1e-3)).toBeLessThan(1e-5)
  })

  it('gives what the runtime gives, where the kernel reaches as far as what is cut off', async () => {
    let lowered = 0
    const law = fc.asyncProperty(form, async (one) => {
      const proto = transposed(one)
      const result = await lowerConvTranspose.apply(proto)
      if (result.count === 0) return
      lowered++
      expect(operators(result.proto)).not.toContain('ConvTranspose')
      expect(largestDifference(await runModel(proto), await runModel(result.proto), 1e-3)).toBeLessThan(1e-5)
    })
    await fc.assert(law, { numRuns: 200 })
    expect(lowered).toBeGreaterThan(50)
  })

  it('a kernel as wide as the stride needs no more than a Conv and DepthToSpace, and the Relu stays with the Conv', async () => {
    const proto = transposed({
      ...{ rank: 2, strides: [2, 2], kernel: [2, 2], dilation: 1, pads: [0, 0, 0, 0], extra: 0, group: 1 },
      ...{ bias: true, relu: true, opset: 13, decided: 'pads' },
    })
    const { proto: lowered } = await lowerConvTranspose.apply(proto)
    expect(operators(lowered)).toEqual(['Conv', 'Relu', 'DepthToSpace'])
  })
})
