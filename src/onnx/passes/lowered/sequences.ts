// Sequences that are made and taken apart at once, as PyTorch exports split, chunk and unbind of tensors whose dims are open.

import { intAttribute, makeAttribute } from '../../attribute.js'
import { tensorData, tensorDims } from '../../tensor.js'
import type { NodeProto } from '../../types.js'
import { lowering, type NodeWriter } from '../lowering.js'

export const lowerSequenceAt = lowering('elements of sequences made slices', ['SequenceAt'], (writer, node) => {
  const [sequence, position] = node.input as [string, string]
  const maker = writer.index.producer(sequence)
  const [at, ...more] = wholeNumbers(writer, position) ?? []
  if (maker === undefined || at === undefined || more.length > 0) return undefined
  if (maker.opType === 'SequenceConstruct') return maker.input.at(at)
  return maker.opType === 'SplitToSequence' ? partOf(writer, maker, at) : undefined
})

export const lowerConcatFromSequence = lowering(
  'sequences that are joined made concatenations',
  ['ConcatFromSequence'],
  (writer, node) => {
    const maker = writer.index.producer(node.input[0]!)
    if (maker?.opType !== 'SequenceConstruct') return undefined
    const axis = intAttribute(node, 'axis', 0)
    const isNew = intAttribute(node, 'new_axis', 0) === 1
    const parts = isNew ? maker.input.map((name) => writer.unsqueeze(name, [axis])) : maker.input
    return writer.add('Concat', parts, [makeAttribute('axis', axis)])
  },
)

/** @param at from the end where it is negative */
function partOf(writer: NodeWriter, maker: NodeProto, at: number): string | undefined {
  const [x = '', split = ''] = maker.input
  const axis = intAttribute(maker, 'axis', 0)
  const length = writer.openDims(x)?.at(axis)
  if (split === '' && intAttribute(maker, 'keepdims', 1) === 0) return writer.gather(x, [at], [], axis)
  const given = split === '' ? [1] : wholeNumbers(writer, split)
  if (given === undefined) return undefined
  const isList = split !== '' && tensorDims(writer.index.initializer(split)!).length === 1
  const [size] = given as [number]
  // One size is that of all parts but the last, which ends where the tensor does.
  const count = isList ? given.length : typeof length === 'number' ? Math.ceil(length / size) : undefined
  const place = at < 0 && count !== undefined ? at + count : at
  if (place < 0) return undefined
  const start = isList ? given.slice(0, place).reduce((sum, one) => sum + one, 0) : place * size
  const end = start + (isList ? given[place]! : size)
  return writer.add('Slice', [x, writer.integers([start]), writer.integers([end]), writer.integers([axis])])
}

function wholeNumbers(writer: NodeWriter, name: string): number[] | undefined {
  const tensor = writer.index.initializer(name)
  return tensor && Array.from(tensorData(tensor), Number)
}
