// min_max: T = max|x|, the exact extreme. Nothing is clipped; one outlier widens the step for all.

import type { Solver } from './types.js'

export const minMax: Solver = (tensor) => tensor.absmax
