import { clip } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { requantize } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedScan, FixedState } from './solve.js'

export function referenceScan(
  operator: FixedScan,
  inputs: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const { numStates, length, sequencesIn, sequencesOut } = operator
  const fed = new Map(operator.inputs.map((name, i) => [name, inputs[i]!]))
  const states = operator.steps.slice(0, numStates) as FixedState[]
  const elements = new Map(sequencesOut.map(({ name }) => [name, Array<IntTensor>(length)]))
  let held = states.map((state) => initialState(state, fed, context))
  for (let step = 0; step < length; step++) {
    const place = (reverse: boolean) => (reverse ? length - 1 - step : step)
    const values = new Map(states.map(({ outputs }, i) => [outputs[0]!, held[i]!]))
    for (const { name, reverse, declared } of sequencesIn) {
      if (!declared) values.set(name, elementOf(fed.get(name)!, place(reverse)))
    }
    for (const inner of operator.steps.slice(numStates)) {
      const results = context.run(
        inner,
        inner.inputs.map((name) => values.get(name)!),
      )
      inner.outputs.forEach((name, i) => {
        values.set(name, results[i]!)
      })
    }
    for (const { name, reverse } of sequencesOut) elements.get(name)![place(reverse)] = values.get(name)!
    held = states.map((state) => values.get(state.inputs[0]!)!)
  }
  const last = new Map(states.flatMap(({ outputs }, i) => outputs.slice(1).map((name) => [name, held[i]!] as const)))
  return operator.outputs.map((name) => last.get(name) ?? stacked(elements.get(name)!))
}

function initialState(state: FixedState, fed: ReadonlyMap<string, IntTensor>, context: ReferenceContext): IntTensor {
  const { initial, requantize: by } = state
  if (initial) return { dims: initial.dims, data: Int32Array.from(initial.data) }
  const { dims, data } = fed.get(state.inputs[1]!)!
  const [low, high] = rangeOf(context.bits(state.outputs[0]!))
  return { dims, data: by ? data.map((x) => clip(requantize(x, by), low, high)) : data }
}

function elementOf({ dims, data }: IntTensor, at: number): IntTensor {
  const size = data.length / dims[0]!
  return { dims: dims.slice(1), data: data.slice(at * size, (at + 1) * size) }
}

function stacked(elements: readonly IntTensor[]): IntTensor {
  return {
    dims: [elements.length, ...elements[0]!.dims],
    data: Int32Array.from(elements.flatMap(({ data }) => [...data])),
  }
}
