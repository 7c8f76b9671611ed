import fc from 'fast-check'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { windowCounts } from '../../../src/onnx/geometry.js'
import { makeNode } from '../../../src/onnx/node.js'
import type { FixedAveragePool, FixedMaxPool } from '../../../src/operators/pool/solve.js'
import { type LayersOfFamily, list, rescaling, sizeOf, tensor } from './arbitraries.js'

const rank = fc.integer({ min: 1, max: 3 })

const window = rank
  .chain((rank) =>
    fc.record({
      kernel: list(rank, 1, 3),
      strides: list(rank, 1, 2),
      room: list(rank, 0, 3),
      dilations: list(rank, 1, 2),
      padded: fc.boolean(),
    }),
  )
  .map(({ padded, ...rest }) => ({ ...rest, pads: rest.kernel.concat(rest.kernel).map((k) => (padded ? k - 1 : 0)) }))

export const maxPoolLayers: LayersOfFamily = {
  kind: 'maxpool',
  numRuns: 30,
  layer: (inputBits) =>
    window.chain(({ kernel, strides, room, pads }) => {
      const space = kernel.map((size, axis) => size + room[axis]!)
      const attributes = [
        makeAttribute('kernel_shape', kernel),
        makeAttribute('strides', strides),
        makeAttribute('pads', pads),
      ]
      const operator: FixedMaxPool = {
        ...{ kind: 'maxpool', name: 'maxpool', inputs: ['x'], outputs: ['y'] },
        nodes: [makeNode('MaxPool', ['x'], ['y'], attributes, 'maxpool')],
      }
      return tensor([1, 2, ...space], inputBits).map((input) => ({ operator, inputs: [input], bits: inputBits }))
    }),
}

export const averagePoolLayers: LayersOfFamily = {
  kind: 'averagepool',
  numRuns: 80,
  layer: (inputBits) =>
    fc
      .tuple(window, fc.boolean(), rescaling)
      .chain(([{ kernel, strides, room, dilations, pads }, varied, { multiplier, shift }]) => {
        const space = kernel.map((size, axis) => dilations[axis]! * (size - 1) + 1 + room[axis]!)
        const counts = windowCounts({ kernel, strides, dilations, pads, ceil: false }, space)
        const by = Int16Array.from({ length: varied ? sizeOf(counts) : 1 }, (_, at) =>
          Math.trunc(multiplier / (at + 1)),
        )
        const operator: FixedAveragePool = {
          ...{ kind: 'averagepool', name: 'averagepool', nodes: [], inputs: ['x'], outputs: ['y'] },
          ...{ kernelShape: kernel, strides, dilations, pads, channels: 3 },
          ...{ multiplier: { dims: varied ? counts : [], data: by }, shift },
        }
        return tensor([2, 3, ...space], inputBits).map((input) => ({ operator, inputs: [input], bits: inputBits }))
      }),
}
