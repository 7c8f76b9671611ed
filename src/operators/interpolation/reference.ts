import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { sizeOf } from '../../onnx/geometry.js'
import { product, requantize } from '../../oracle/arithmetic.js'
import type { FixedInterpolation, FixedResampling } from './solve.js'

/** Sums leave 32 bits on inputs of 16, hence numbers. */
interface Sums {
  readonly dims: readonly number[]
  readonly data: readonly number[]
}

export function referenceInterpolation(operator: FixedInterpolation, [input]: readonly IntTensor[]): IntTensor[] {
  const { resamplings, q0, requantize: by, low, high } = operator
  const whole: Sums = { dims: input!.dims, data: [...input!.data] }
  const { dims, data } = resamplings.reduce(resample, whole)
  return [{ dims, data: Int32Array.from(data, (sum) => clip(requantize(rshift(sum, q0), by), low, high)) }]
}

function resample({ dims, data }: Sums, { axis, from, to, weights }: FixedResampling): Sums {
  const at = axis + dims.length
  const inner = sizeOf(dims.slice(at + 1))
  const results: number[] = []
  for (let outer = 0; outer < sizeOf(dims.slice(0, at)); outer++) {
    for (let row = 0; row < to; row++) {
      for (let place = 0; place < inner; place++) {
        let sum = 0
        for (let k = 0; k < from; k++)
          sum += product(weights[row * from + k]!, data[(outer * from + k) * inner + place]!)
        results.push(sum)
      }
    }
  }
  return { dims: dims.map((size, index) => (index === at ? to : size)), data: results }
}
