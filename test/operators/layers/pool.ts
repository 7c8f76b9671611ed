import fc from 'fast-check'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { makeNode } from '../../../src/onnx/node.js'
import type { FixedAveragePool, FixedMaxPool } from '../../../src/operators/pool/solve.js'
import { type LayersOfFamily, list, rescaling, tensor } from './arbitraries.js'

const window = fc
  .record({ kernel: list(2, 1, 3), strides: list(2, 1, 2), room: list(2, 0, 4), padded: fc.boolean() })
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
    fc.tuple(window, fc.boolean(), rescaling).chain(([{ kernel, strides, room, pads }, global, by]) => {
      const space = global ? kernel : kernel.map((size, axis) => size + room[axis]!)
      const geometry = global ? { strides: [1, 1], pads: [0, 0, 0, 0] } : { strides, pads }
      const operator: FixedAveragePool = {
        ...{ kind: 'averagepool', name: 'averagepool', nodes: [], inputs: ['x'], outputs: ['y'] },
        ...{ kernelShape: kernel, channels: 3, global, requantize: by },
        ...geometry,
      }
      return tensor([2, 3, ...space], inputBits).map((input) => ({ operator, inputs: [input], bits: inputBits }))
    }),
}
