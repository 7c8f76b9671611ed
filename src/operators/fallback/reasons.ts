// Why operators run in float that no family has a form of: decisions, in words for users.

const manyFactors = 'products of many values leave every width'
const computedPlaces = 'it interpolates at places that are computed'
const varyingCount = 'how many values it gives depends on the data'
const twoTensors = 'it is a function of two tensors that is no sum, product or quotient'

const reasons: Readonly<Record<string, string>> = {
  Cast: 'whole numbers become values there',
  ConvTranspose: 'its weights are computed, or its padding follows from dims that are open',
  CumProd: manyFactors,
  DeformConv: computedPlaces,
  Det: manyFactors,
  Einsum: 'it takes a diagonal, more than two tensors, or a sum over what one of them alone has',
  MaxRoiPool: computedPlaces,
  Mod: twoTensors,
  NonMaxSuppression: varyingCount,
  NonZero: varyingCount,
  Pow: twoTensors,
  ReduceProd: manyFactors,
  RoiAlign: computedPlaces,
  Unique: varyingCount,
}

/** Of an operator that holds no graphs. */
export function floatReason(opType: string): string {
  return reasons[opType] ?? 'the chip has no fixed-point form of it'
}
