// QDQ models as other tools write them, made by hand.

import { makeTensor } from '../../src/onnx/tensor.js'
import { DataType, type ModelProto } from '../../src/onnx/types.js'
import { floats, longs, model } from '../onnx/models.js'
import { op } from './zoo.js'

export const scalar = (name: string, value: number) => floats(name, [], [value])
export const zero = (name: string, dataType: number, value: number) =>
  makeTensor(name, dataType, [], dataType === DataType.UINT8 ? Uint8Array.of(value) : Int8Array.of(value))

/** As onnxruntime's quantize_static writes it: uint8 activations with zero points, int8 weights a channel, an int32 bias. */
export function likeOnnxRuntime(relu: 'written' | 'left to the zero point' = 'written'): ModelProto {
  const steps = Int8Array.from({ length: 108 }, (_, i) => ((i * 37) % 255) - 127)
  const pair = (name: string, scale: string, point: string, q = `${name}_q`, d = `${name}_d`) => [
    op(`QuantizeLinear: ${name} ${scale} ${point} -> ${q}`),
    op(`DequantizeLinear: ${q} ${scale} ${point} -> ${d}`),
  ]
  return model({
    inputs: { x: [1, 3, 8, 8] },
    nodes: [
      ...pair('x', 'xs', 'xz'),
      op('DequantizeLinear: w ws wz -> wd', { axis: 0 }),
      op('DequantizeLinear: b bs bz -> bd', { axis: 0 }),
      op('Conv: x_d wd bd -> c', { pads: [1, 1, 1, 1] }),
      ...(relu === 'written' ? [op('Relu: c -> r')] : [op('Identity: c -> r')]),
      ...pair('r', 'rs', 'rz'),
      op('DequantizeLinear: v vs vz -> vd'),
      op('Conv: r_d vd -> e'),
      ...pair('e', 'es', 'ez', 'e_q', 'y'),
    ],
    constants: [
      ...[scalar('xs', 2 / 255), zero('xz', DataType.UINT8, 128), scalar('rs', 4 / 255), zero('rz', DataType.UINT8, 0)],
      ...[scalar('es', 0.05), zero('ez', DataType.UINT8, 120)],
      makeTensor('w', DataType.INT8, [4, 3, 3, 3], steps),
      ...[floats('ws', [4], [0.002, 0.003, 0.001, 0.0025]), makeTensor('wz', DataType.INT8, [4], new Int8Array(4))],
      makeTensor('b', DataType.INT32, [4], Int32Array.of(100, -2000, 0, 7)),
      floats(
        'bs',
        [4],
        [0.002, 0.003, 0.001, 0.0025].map((scale) => (scale * 2) / 255),
      ),
      makeTensor('bz', DataType.INT32, [4], new Int32Array(4)),
      makeTensor('v', DataType.INT8, [2, 4, 1, 1], Int8Array.of(1, -2, 3, 127, -127, 50, 60, -70)),
      ...[scalar('vs', 0.01), zero('vz', DataType.INT8, 0)],
    ],
  })
}

/**
 * As torch.onnx.export writes what convert_fx makes (PyTorch 2.13, dynamo=False): scales of the input through Identity nodes, zero points of
 * biases as ConstantOfShape and Cast, a Cast to the type that it has already between the two nodes of each pair, and int8 weights down to -128.
 * A convolution, one that a residual sum follows, and another one.
 */
export function likePyTorch(): ModelProto {
  const pair = (name: string, scale: string, point: string) => [
    op(`QuantizeLinear: ${name} ${scale} ${point} -> ${name}_q`),
    op(`Cast: ${name}_q -> ${name}_c`, { to: DataType.UINT8 }),
    op(`DequantizeLinear: ${name}_c ${scale} ${point} -> ${name}_d`),
  ]
  const weighted = (name: string) => [
    op(`DequantizeLinear: ${name} ws zeros -> ${name}d`, { axis: 0 }),
    op(`ConstantOfShape: length -> ${name}o`, {
      value: makeTensor('', DataType.INT32, [1], Int32Array.of(0)),
    }),
    op(`Cast: ${name}o -> ${name}z`, { to: DataType.INT32 }),
    op(`DequantizeLinear: ${name}b bs ${name}z -> ${name}a`, { axis: 0 }),
  ]
  const integers = (seed: number, count: number, least: number) =>
    Int8Array.from({ length: count }, (_, i) => (i === 0 ? least : ((i * seed) % 201) - 100))
  const same = { pads: [1, 1, 1, 1] }
  return model({
    inputs: { x: [1, 3, 8, 8] },
    nodes: [
      ...[op('Identity: scale -> xs'), op('Identity: point -> xz'), ...pair('x', 'xs', 'xz')],
      ...[...weighted('w'), op('Conv: x_d wd wa -> c', same), op('Relu: c -> r'), ...pair('r', 'rs', 'rz')],
      ...[...weighted('v'), op('Conv: r_d vd va -> e', same), ...pair('e', 'es', 'ez')],
      ...[op('Add: e_d r_d -> t'), op('Relu: t -> u'), ...pair('u', 'us', 'rz')],
      ...[...weighted('k'), op('Conv: u_d kd ka -> f', same), ...pair('f', 'fs', 'ez')],
      op('Identity: f_d -> y'),
    ],
    constants: [
      ...[scalar('scale', 2 / 255), zero('point', DataType.UINT8, 128)],
      ...[scalar('rs', 0.02), zero('rz', DataType.UINT8, 0), scalar('es', 0.04), zero('ez', DataType.UINT8, 128)],
      ...[scalar('us', 0.03), scalar('fs', 0.05), longs('length', [1], [2])],
      ...[floats('ws', [2], [0.002, 0.003]), makeTensor('zeros', DataType.INT8, [2], new Int8Array(2))],
      makeTensor('w', DataType.INT8, [2, 3, 3, 3], integers(37, 54, -128)),
      ...['v', 'k'].map((name, i) => makeTensor(name, DataType.INT8, [2, 2, 3, 3], integers(53 + i, 36, 127))),
      ...['w', 'v', 'k'].map((name) => makeTensor(`${name}b`, DataType.INT32, [2], Int32Array.of(900, -2000))),
      floats('bs', [2], [0.00002, 0.00003]),
    ],
  })
}
