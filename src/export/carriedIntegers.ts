// What a QDQ model of squire's carries besides its nodes, in the metadata "integers": the scales of tensors that its nodes leave float, and
// the shifts, multipliers and biases of accumulating operators, which its float32 scales and int32 biases do not determine. With these the
// same integer model is made of it again.
//
// { "tensors": [{ "name", "scale", "bits", "offset" where it has one }...],
//   "scaleFixes": { OPERATOR: { "q0", "q1", "q2", "scaleInt16", "biasInt16", "inputScale", "outputScale" } } }

import * as v from 'valibot'
import { SquireError } from '../errors.js'
import type { GivenScaleFix } from '../fixedpoint/givenScaleFix.js'
import type { QuantizedTensor } from '../fixedpoint/types.js'
import type { ModelProto } from '../onnx/types.js'
import { familyOf } from '../operators/index.js'
import type { FixedPointModel } from '../plan/types.js'

const KEY = 'integers'

export interface CarriedIntegers {
  readonly tensors: ReadonlyMap<string, Pick<QuantizedTensor, 'scale' | 'bits' | 'offset'>>
  /** By operator. */
  readonly scaleFixes: ReadonlyMap<string, GivenScaleFix>
}

/** As metadata of the model. */
export function carriedIn({ quantized, operators }: FixedPointModel): Readonly<Record<string, string>> {
  const tensors = [...quantized.values()].map(({ name, scale, bits, offset }) => ({ name, scale, bits, offset }))
  const accumulating = operators.flatMap((operator) => [operator, ...(operator.steps ?? [])])
  const scaleFixes = accumulating.flatMap((operator) => {
    const scaleFix = familyOf(operator).scaleFix?.(operator)
    if (scaleFix === undefined) return []
    const { name, inputs, outputs } = operator
    const { q0, q1, q2, scaleInt16, biasInt16 } = scaleFix
    const [inputScale, outputScale] = [quantized.get(inputs[0]!)!.scale, quantized.get(outputs[0]!)!.scale]
    const numbers = { q0, q1, q2, scaleInt16: [...scaleInt16], biasInt16: [...biasInt16], inputScale, outputScale }
    return [[name, numbers] as const]
  })
  return { [KEY]: JSON.stringify({ tensors, scaleFixes: Object.fromEntries(scaleFixes) }) }
}

const integer = v.pipe(v.number(), v.integer())
const scale = v.pipe(v.number(), v.finite(), v.gtValue(0))
const int16s = v.pipe(
  v.array(v.pipe(integer, v.minValue(-32768), v.maxValue(32767))),
  v.transform((values) => Int16Array.from(values)),
)
const carried = v.object({
  tensors: v.array(v.object({ name: v.string(), scale, bits: integer, offset: v.optional(v.number()) })),
  scaleFixes: v.record(
    v.string(),
    v.object({
      q0: integer,
      q1: integer,
      q2: integer,
      scaleInt16: int16s,
      biasInt16: int16s,
      inputScale: scale,
      outputScale: scale,
    }),
  ),
})

/** Undefined for a model that carries none. @throws SquireError MODEL where they are damaged */
export function carriedBy({ metadataProps = [] }: ModelProto): CarriedIntegers | undefined {
  const text = metadataProps.find(({ key }) => key === KEY)?.value
  if (text === undefined || !metadataProps.some(({ key }) => key === 'squire')) return undefined
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), carried), text)
  if (!result.success) {
    throw new SquireError('MODEL', `the model's metadata "${KEY}" is damaged. Quantize the float model again.`)
  }
  const { tensors, scaleFixes } = result.output
  return {
    tensors: new Map(
      tensors.map(({ name, offset, ...held }) => [name, { ...held, ...(offset !== undefined && { offset }) }]),
    ),
    scaleFixes: new Map(Object.entries(scaleFixes)),
  }
}
