// What leaves a tensor as it is.

import type { FloatConstant } from '../../plan/view.js'

export const ONE: FloatConstant = { dims: [], data: Float32Array.of(1) }
export const ZERO: FloatConstant = { dims: [], data: Float32Array.of(0) }
