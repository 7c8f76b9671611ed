import { partsMask } from '../masks.js'
import { partParameters, partsRange } from '../parts.js'
import type { Traits } from '../traits.js'
import type { Family } from '../types.js'
import { emitSelect } from './emit.js'
import { type Choice, type PlannedSelect, roomForMasked, selectOf } from './plan.js'
import { referenceSelect } from './reference.js'
import { type FixedSelect, solveSelect } from './solve.js'

/** For the scale JSON. */
function nameOf(choice: Choice): string {
  if (typeof choice === 'string') return choice
  if (!('writing' in choice)) return 'condition'
  const { combine } = choice.writing
  return combine === 'none' ? 'writing' : `writing ${combine}`
}

function familyOf(kind: PlannedSelect['kind'], traits: Traits): Family<PlannedSelect, FixedSelect> {
  return {
    kind,
    traits,
    match: (node, view) => selectOf(kind, node, view),
    leastExtreme: roomForMasked,
    masks: ({ parts }) => partsMask(parts),
    solve: solveSelect,
    ranges: ({ parts }, inputs, [output]) => [partsRange(parts, inputs, output!)],
    parameters: ({ choice, parts }) => ({
      choice: nameOf(choice),
      requantize: partParameters(parts),
    }),
    emit: emitSelect,
    reference: referenceSelect,
  }
}

export const select = familyOf('select', {
  sharesScale: 'sole',
  copiesData: true,
  writesWide: true,
  readsWide: true,
  gainsFromWide: false,
  followsFloat: 'between',
  offset: 'none',
})

/** Its output is observed, since the constants are part of it. */
export const selectConstant = familyOf('selectconstant', {
  sharesScale: 'none',
  copiesData: false,
  writesWide: true,
  readsWide: true,
  gainsFromWide: false,
  followsFloat: 'between',
  offset: 'none',
})
