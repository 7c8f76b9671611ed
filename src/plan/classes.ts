// Which tensors share a scale, which of them are observed, and which leave the chip.
//
// One scale for both ends of operators that copy values (max pools, shape operators), and for a concat and those of its
// inputs that nothing else reads: whatever writes these can write at the concat's scale as well as at any other.

import { inputsOf, outputsOf } from './operands.js'
import type { PlannedOperator, ScaleClass } from './types.js'
import { UnionFind } from './unionFind.js'
import { type GraphView, readsDimsOnly } from './view.js'

/** Who writes and who reads each tensor; readers of dims do not count. */
interface Traffic {
  readonly writer: ReadonlyMap<string, PlannedOperator>
  readers(name: string): readonly PlannedOperator[]
}

/** The scale classes, in the order of their first tensors. `order`: every tensor of the graph, in graph order. */
export function scaleClasses(
  operators: readonly PlannedOperator[],
  order: readonly string[],
  view: GraphView,
): ScaleClass[] {
  const onChip = operators.filter(({ kind }) => kind !== 'software')
  const held = new Set(onChip.flatMap((operator) => [...inputsOf(operator), ...outputsOf(operator)]))
  const traffic = trafficOf(operators)
  const groups = groupTensors(onChip, held, traffic, view)
  const members = new Map<string, string[]>()
  for (const name of order.filter((candidate) => held.has(candidate))) {
    const group = members.get(groups.find(name))
    if (group) group.push(name)
    else members.set(groups.find(name), [name])
  }
  const rootsOf = traceRoots(traffic.writer)
  return [...members.values()].map((tensors) => {
    const roots = new Set(tensors.flatMap((name) => [...rootsOf(name)]))
    const sources = order.filter((name) => roots.has(name))
    return { name: tensors[0]!, tensors, sources, width: leavesChip(tensors, traffic, view) ? 'wide' : 'narrow' }
  })
}

export function trafficOf(operators: readonly PlannedOperator[]): Traffic {
  const writer = new Map<string, PlannedOperator>()
  const readers = new Map<string, PlannedOperator[]>()
  for (const operator of operators) {
    for (const name of outputsOf(operator)) writer.set(name, operator)
    if (operator.nodes.every(readsDimsOnly)) continue
    for (const name of new Set(inputsOf(operator))) readers.set(name, [...(readers.get(name) ?? []), operator])
  }
  return { writer, readers: (name) => readers.get(name) ?? [] }
}

function groupTensors(
  onChip: readonly PlannedOperator[],
  held: ReadonlySet<string>,
  traffic: Traffic,
  view: GraphView,
): UnionFind {
  const groups = new UnionFind()
  for (const operator of onChip) {
    if (operator.kind === 'maxpool' || operator.kind === 'shape') groups.join([operator.input, ...outputsOf(operator)])
  }
  for (const concat of onChip) {
    if (concat.kind !== 'concat') continue
    for (const input of concat.inputs) {
      const members = [...held].filter((name) => groups.find(name) === groups.find(input))
      const inside = (reader: PlannedOperator) =>
        copies(reader) && outputsOf(reader).every((name) => groups.find(name) === groups.find(input))
      const onlyHere = members.every(
        (name) =>
          !view.index.isGraphOutput(name) &&
          traffic.readers(name).every((reader) => reader === concat || inside(reader)),
      )
      if (onlyHere) groups.join([concat.output, input])
    }
  }
  return groups
}

/** Operators whose outputs hold values of their inputs. */
function copies({ kind }: PlannedOperator): boolean {
  return kind === 'maxpool' || kind === 'shape' || kind === 'concat'
}

/** For each tensor the tensors whose values make up its own: itself, unless an operator that copies writes it. */
export function traceRoots(writer: ReadonlyMap<string, PlannedOperator>): (name: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>()
  const rootsOf = (name: string): ReadonlySet<string> => {
    const operator = writer.get(name)
    let roots = known.get(name)
    if (!roots) {
      const copied = operator && copies(operator) ? inputsOf(operator) : undefined
      roots = new Set(copied ? copied.flatMap((input) => [...rootsOf(input)]) : [name])
      known.set(name, roots)
    }
    return roots
  }
  return rootsOf
}

const exits: ReadonlySet<PlannedOperator['kind']> = new Set([
  'conv',
  'matmul',
  'add',
  'mul',
  'averagepool',
  'unary',
  'shape',
])

/** Whether operators that can write wide integers write all of a class, and only software and the caller read it. */
function leavesChip(tensors: readonly string[], { writer, readers }: Traffic, view: GraphView): boolean {
  const allReaders = tensors.flatMap(readers)
  const written = tensors.every((name) => exits.has(writer.get(name)?.kind ?? 'software'))
  const readOutside = allReaders.every(({ kind }) => kind === 'software' || kind === 'shape')
  const used =
    tensors.some((name) => view.index.isGraphOutput(name)) || allReaders.some(({ kind }) => kind === 'software')
  return written && readOutside && used
}
