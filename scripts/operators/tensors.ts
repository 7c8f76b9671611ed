// What the forms of operators read: inputs of a model, and constants.

import { makeTensor } from '../../src/onnx/tensor.js'
import { DataType, type TensorProto } from '../../src/onnx/types.js'

/** The model's inputs, by name. */
export const activations: Readonly<Record<string, readonly number[]>> = {
  x: [1, 4, 8, 8],
  z: [1, 4, 8, 8],
  /** Positive. */
  p: [1, 4, 8, 8],
  batch: [2, 4, 8, 8],
  volume: [1, 2, 4, 4, 4],
  line: [1, 4, 8],
  rows: [8, 8],
  vector: [8],
  kernels: [3, 4, 3, 3],
  grid: [1, 5, 6, 2],
  boxes: [2, 4],
  sequence: [5, 1, 4],
  spans: [1, 8, 4],
  columns: [1, 36, 25],
  scores: [1, 3, 8],
  corners: [1, 8, 4],
  heads: [1, 2, 6, 4],
  theta: [1, 2, 3],
  computed: [4, 3, 3, 3],
  signal: [1, 16, 1],
  audio: [1, 16, 1],
  rois: [2, 5],
  rois4: [2, 4],
  small: [1, 4, 4, 4],
  vectorPair: [2],
}

const float = (name: string, dims: readonly number[], values: readonly number[]) =>
  makeTensor(name, DataType.FLOAT, dims, Float32Array.from(values))
const many = (name: string, dims: readonly number[]) =>
  float(
    name,
    dims,
    Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, (_, i) => Math.sin(i * 1.7 + name.length)),
  )
const ints = (name: string, values: readonly number[], dims: readonly number[] = [values.length]) =>
  makeTensor(name, DataType.INT64, dims, BigInt64Array.from(values, BigInt))
const counting = (count: number, below: number) => Array.from({ length: count }, (_, i) => (i * 5) % below)

/** What the nodes may read besides. */
export const constants: readonly TensorProto[] = [
  many('w', [3, 4, 3, 3]),
  many('w3', [2, 2, 3, 3, 3]),
  many('w1', [3, 4, 3]),
  many('wt', [4, 3, 3, 3]),
  many('wt3', [2, 3, 2, 2, 2]),
  many('matrix', [8, 6]),
  many('matrices', [4, 8, 6]),
  many('left', [6, 8]),
  many('eight', [8]),
  many('four', [4]),
  many('row6', [1, 6]),
  many('column8', [8, 1]),
  many('full', [8, 6]),
  many('table', [10, 4]),
  many('slope', [4, 1, 1]),
  many('any', [1, 4, 8, 8]),
  float('positiveC', [4, 1, 1], [1, 2, 0.5, 1]),
  many('cosines', [1, 6, 2]),
  many('sines', [1, 6, 2]),
  many('points', [1, 5, 6, 2]),
  many('offsets', [1, 18, 6, 6]),
  many('lstmW', [1, 16, 4]),
  many('lstmR', [1, 16, 4]),
  many('gruW', [1, 12, 4]),
  many('gruR', [1, 12, 4]),
  many('rnnW', [1, 4, 4]),
  many('rnnR', [1, 4, 4]),
  float('positive', [4], [1, 2, 0.5, 1]),
  float('half', [], [0.5]),
  float('two', [], [2]),
  float('lowest', [], [Number.NEGATIVE_INFINITY]),
  float('onOff', [2], [0, 1]),
  float('scales', [4], [1, 1, 2, 1.5]),
  float('shrink', [4], [1, 1, 0.5, 0.5]),
  float('roi', [8], [0, 0, 0.1, 0.1, 1, 1, 0.9, 0.9]),
  ints('unit', [1]),
  ints('last', [-1], []),
  ints('hop', [4], []),
  ints('frame', [8], []),
  ints('gridSize', [1, 4, 5, 6]),
  ints('shape4', [1, 4, 10, 6]),
  ints('zero1', [0]),
  ints('zero', [0], []),
  ints('axis1', [1]),
  ints('lastAxis', [-1]),
  ints('pads', [0, 0, 1, 2, 0, 0, 1, 1]),
  ints('shape', [1, 4, 64]),
  ints('larger', [2, 4, 8, 8]),
  ints('repeats', [1, 2, 1, 1]),
  ints('indices', [0, 2, 1]),
  ints('places', counting(256, 8), [1, 4, 8, 8]),
  ints('pairs', [0, 1, 0, 3], [2, 2]),
  ints('depth', [6], []),
  ints('three', [3]),
  ints('starts', [1]),
  ints('ends', [5]),
  ints('lengths', [8]),
  ints('parts', [1, 3]),
  ints('sizes', [6, 6]),
  ints('window', [2, 2]),
  ints('imageSize', [6, 6]),
  ints('rowOf', [0, 0]),
  ints('maxima', counting(64, 256), [1, 4, 4, 4]),
  makeTensor('which', DataType.BOOL, [8], Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 0)),
]
