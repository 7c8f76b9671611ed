import type { IntTensor } from '../../fixedpoint/types.js'
import { scaled } from '../scaling/reference.js'
import type { FixedAffine } from './solve.js'

export function referenceAffine(operator: FixedAffine, [input]: readonly IntTensor[]): IntTensor[] {
  return [scaled(input!, operator)]
}
