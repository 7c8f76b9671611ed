// Every family's random layers. A new family brings a file here and a line below; without one the conformance suite fails.

import type { LayersOfFamily } from './arbitraries.js'
import { addLayers, mulLayers, quotientLayers } from './binary.js'
import { comparisonLayers } from './comparison.js'
import { concatConstantLayers, concatLayers } from './concat.js'
import { convLayers } from './conv.js'
import { interpolationLayers } from './interpolation.js'
import { linearLayers } from './linear.js'
import { lutLayers, steepLutLayers } from './lut.js'
import { averagePoolLayers, maxPoolLayers } from './pool.js'
import { preluLayers } from './prelu.js'
import { recurrentLayers } from './recurrent.js'
import { extremeLayers, normLayers, sumLayers } from './reduce.js'
import { requantizeLayers } from './requantize.js'
import { samplingLayers } from './sampling.js'
import { scatterLayers } from './scatter.js'
import { selectConstantLayers, selectLayers } from './select.js'
import { affineLayers, logSumLayers, normalizationLayers, productLayers, softmaxLayers } from './transformer.js'

export const layers: readonly LayersOfFamily[] = [
  convLayers,
  linearLayers,
  addLayers,
  mulLayers,
  quotientLayers,
  preluLayers,
  concatLayers,
  concatConstantLayers,
  comparisonLayers,
  scatterLayers,
  selectLayers,
  selectConstantLayers,
  interpolationLayers,
  samplingLayers,
  lutLayers,
  steepLutLayers,
  maxPoolLayers,
  averagePoolLayers,
  sumLayers,
  normLayers,
  extremeLayers,
  requantizeLayers,
  recurrentLayers,
  affineLayers,
  productLayers,
  softmaxLayers,
  logSumLayers,
  normalizationLayers,
]
