import type { IntTensor } from '../../fixedpoint/types.js'
import { broadcast } from '../../oracle/broadcast.js'
import { partTensors } from '../../oracle/parts.js'
import { written } from '../../oracle/writing.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedSelect } from './solve.js'

/** Throws Error for a condition or for places that are computed: they are not among the integers. */
export function referenceSelect(
  operator: FixedSelect,
  inputs: readonly IntTensor[],
  { bits }: ReferenceContext,
): IntTensor[] {
  const { choice } = operator
  const parts = partTensors(operator.parts, inputs, bits(operator.outputs[0]!))
  if (choice === 'max') return [parts.reduce((left, right) => broadcast(left, right, Math.max))]
  if (choice === 'min') return [parts.reduce((left, right) => broadcast(left, right, Math.min))]
  if ('writing' in choice) return [written(choice.writing, parts as [IntTensor, IntTensor])]
  if ('computed' in choice.condition) throw new Error(`The condition "${choice.condition.computed}" is not known.`)
  const [yes, no] = parts as [IntTensor, IntTensor]
  const condition = { dims: choice.condition.dims, data: Int32Array.from(choice.condition.data, Number) }
  // First x where the condition holds and elsewhere a number that no integer of the chip is; then the other part takes that number's place.
  const chosen = broadcast(condition, yes, (holds, x) => (holds ? x : ABSENT))
  return [broadcast(chosen, no, (x, other) => (x === ABSENT ? other : x))]
}

const ABSENT = 2 ** 20
