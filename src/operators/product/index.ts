import type { Family } from '../types.js'
import { emitProduct } from './emit.js'
import { type PlannedProduct, productOf } from './plan.js'
import { referenceProduct } from './reference.js'
import { type FixedProduct, solveProduct } from './solve.js'

export const product: Family<PlannedProduct, FixedProduct> = {
  kind: 'product',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'none',
  },
  match: productOf,
  depth: ({ depth }) => depth,
  solve: solveProduct,
  ranges: ({ low, high }) => [[low, high]],
  parameters: ({ q0, requantize, low, high }) => ({ q0, requantize, low, high }),
  emit: emitProduct,
  reference: referenceProduct,
}
