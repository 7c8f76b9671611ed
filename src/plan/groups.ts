// Which tensors share a scale, which of them are observed, and which leave the chip.
//
// One scale for all ends of operators that share it ('all': max pools, movements), and for the output of others ('sole': a concat) with those
// inputs that nothing else reads: whatever writes these can write at the output's scale as well as at any other.

import { readsDimsOnly } from '../onnx/operators.js'
import { familyOf, isFallback } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { PlanOptions } from './options.js'
import { spread, widthsOf } from './steps.js'
import type { ScaleGroup } from './types.js'
import { UnionFind } from './unionFind.js'
import type { GraphView } from './view.js'

/** Who writes and who reads each tensor; readers of dims do not count. */
interface Traffic {
  readonly writer: ReadonlyMap<string, PlannedOperator>
  readers(name: string): readonly PlannedOperator[]
}

/**
 * The scale groups, in the order of their first tensors.
 * @param order every tensor of the graph, in graph order
 */
export function scaleGroups(
  operators: readonly PlannedOperator[],
  order: readonly string[],
  view: GraphView,
  options: PlanOptions,
): ScaleGroup[] {
  const { chip, unifyInputs = false } = options
  const bitsOf = widthsOf(operators, options)
  const all = spread(operators)
  const onChip = all.filter((operator) => !isFallback(operator))
  const held = new Set(onChip.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
  const traffic = trafficOf(all)
  const groups = groupTensors(onChip, held, traffic, view, unifyInputs)
  const members = new Map<string, string[]>()
  for (const name of order.filter((candidate) => held.has(candidate))) {
    const group = members.get(groups.find(name))
    if (group) group.push(name)
    else members.set(groups.find(name), [name])
  }
  const steps = operators.flatMap((operator) => operator.steps ?? [])
  const written = new Set(steps.flatMap(({ outputs }) => outputs))
  const first = new Set(steps.filter((step) => sharesScale(step) === 'first').flatMap(({ inputs }) => inputs.slice(1)))
  const rootsOf = traceRoots(traffic.writer)
  const places = new Map(order.map((name, place) => [name, place]))
  return [...members.values()].map((tensors) => {
    const roots = new Set(tensors.flatMap((name) => [...rootsOf(name)]))
    const sources = [...roots].filter((name) => places.has(name)).sort((a, b) => places.get(a)! - places.get(b)!)
    const leaves = leavesChip(tensors, traffic, view)
    // Steps can write wide integers, of which their products read a narrowed copy. The first value of a state is as wide as the state.
    const fromSteps = sources.length > 0 && sources.every((name) => written.has(name))
    const wide =
      leaves || tensors.some((name) => first.has(name)) || (fromSteps && gainsFromWide(tensors, traffic, view))
    const bits = wide ? chip.wideBits : bitsOfGroup(tensors, traffic, bitsOf)
    return { name: tensors[0]!, tensors, sources, bits, leavesChip: leaves }
  })
}

export function trafficOf(operators: readonly PlannedOperator[]): Traffic {
  const writer = new Map<string, PlannedOperator>()
  const readers = new Map<string, PlannedOperator[]>()
  for (const operator of operators) {
    for (const name of operator.outputs) writer.set(name, operator)
    if (operator.nodes.length > 0 && operator.nodes.every(readsDimsOnly)) continue
    for (const name of new Set(operator.inputs)) readers.set(name, [...(readers.get(name) ?? []), operator])
  }
  return { writer, readers: (name) => readers.get(name) ?? [] }
}

function groupTensors(
  onChip: readonly PlannedOperator[],
  held: ReadonlySet<string>,
  traffic: Traffic,
  view: GraphView,
  unifyInputs: boolean,
): UnionFind {
  const groups = new UnionFind()
  for (const operator of onChip) {
    if (sharesScale(operator) === 'all') groups.join([...operator.inputs, ...operator.outputs])
    if (sharesScale(operator) === 'first') groups.join([operator.inputs[0]!, ...operator.outputs])
  }
  for (const operator of onChip) {
    if (sharesScale(operator) !== 'sole') continue
    for (const input of operator.inputs) {
      const members = [...held].filter((name) => groups.find(name) === groups.find(input))
      const inside = (reader: PlannedOperator) =>
        copiesData(reader) && reader.outputs.every((name) => groups.find(name) === groups.find(input))
      const onlyHere = members.every(
        (name) =>
          !view.index.isGraphOutput(name) &&
          traffic.readers(name).every((reader) => reader === operator || inside(reader)),
      )
      if (onlyHere || unifyInputs) groups.join([...operator.outputs, input])
    }
  }
  return groups
}

const sharesScale = (operator: PlannedOperator) => familyOf(operator).traits.sharesScale
const copiesData = (operator: Pick<PlannedOperator, 'kind'>) => familyOf(operator).traits.copiesData

/** The inputs whose values the operator's outputs hold: of a state those that steps write alone, as its first value may come from a tensor that holds other values too. */
function copiedInputs(operator: PlannedOperator): readonly string[] {
  return sharesScale(operator) === 'first' ? operator.inputs.slice(0, 1) : operator.inputs
}

/** For each tensor, the tensors whose values make up its own: the tensor itself, unless an operator that copies data writes it. */
export function traceRoots(writer: ReadonlyMap<string, PlannedOperator>): (name: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>()
  return (name) => {
    const roots = known.get(name) ?? rootsOf(name, writer)
    known.set(name, roots)
    return roots
  }
}

/** Visits every tensor once, as steps may copy a state in a circle. */
function rootsOf(name: string, writer: ReadonlyMap<string, PlannedOperator>): Set<string> {
  const roots = new Set<string>()
  const passed = new Set<string>()
  const visit = (tensor: string) => {
    if (passed.has(tensor)) return
    passed.add(tensor)
    const operator = writer.get(tensor)
    if (operator && copiesData(operator)) copiedInputs(operator).forEach(visit)
    else roots.add(tensor)
  }
  visit(name)
  return roots
}

/** Whether an operator computes in a width of its own: what copies data takes the tensors' width. */
export function hasOwnWidth(operator: Pick<PlannedOperator, 'kind'>): boolean {
  return !isFallback(operator) && !copiesData(operator)
}

/** The most bits that a reader of a group computes in; where no reader computes, the most bits of the operators that write or move its tensors. */
function bitsOfGroup(tensors: readonly string[], { writer, readers }: Traffic, bitsOf: PlanOptions['bitsOf']): number {
  const reading = tensors.flatMap(readers).filter((operator) => !isFallback(operator))
  const computing = reading.filter(hasOwnWidth)
  if (computing.length > 0) return Math.max(...computing.map(bitsOf))
  const writing = tensors.flatMap((name) => writer.get(name) ?? []).filter((operator) => !isFallback(operator))
  return Math.max(...[...writing, ...reading].map(bitsOf))
}

/**
 * Whether a group leaves the chip, with wide integers: operators that can write these write all of it, operators that can read them (and the caller)
 * alone read it, and one of its readers gains from them.
 */
function leavesChip(tensors: readonly string[], traffic: Traffic, view: GraphView): boolean {
  const { writer, readers } = traffic
  const allReaders = tensors.flatMap(readers)
  const written = tensors.every((name) => {
    const operator = writer.get(name)
    return operator !== undefined && familyOf(operator).traits.writesWide
  })
  const readOutside = allReaders.every((reader) => familyOf(reader).traits.readsWide)
  if (!written || !readOutside) return false
  const restores = allReaders.length > 0 && allReaders.every((reader) => restoresProduct(reader, traffic))
  return restores || gainsFromWide(tensors, traffic, view)
}

/**
 * Whether an operator is the sum behind a product of which one factor is held less a constant (operators/binary/offsets.ts): it adds the product and a function of
 * the other factor. With addends of 8 bits, rounding would cost more than the finer steps of the factor bring.
 */
function restoresProduct({ inputs }: PlannedOperator, { writer }: Traffic): boolean {
  const writers = inputs.flatMap((name) => writer.get(name) ?? [])
  const product = writers.find((one) => familyOf(one).traits.offset === 'multiplies')
  const term = writers.find((one) => one !== product && familyOf(one).evaluate?.(one) !== undefined)
  return writers.length === 2 && product !== undefined && term !== undefined && product.inputs.includes(term.inputs[0]!)
}

/** Whether the caller or an operator that reads a group gains from wide integers. */
function gainsFromWide(tensors: readonly string[], { readers }: Traffic, view: GraphView): boolean {
  const gains = (reader: PlannedOperator): boolean => {
    if (isFallback(reader)) return true
    const { gainsFromWide } = familyOf(reader).traits
    return gainsFromWide === 'behind' ? readers(reader.outputs[0]!).some(gains) : gainsFromWide
  }
  return tensors.some((name) => view.index.isGraphOutput(name) || readers(name).some(gains))
}
