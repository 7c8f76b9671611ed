// ONNX's Attention, of opset 23 and later. Source: onnx/docs/Operators.md; where past keys are causal, as ONNX Runtime computes it.

import { floatAttribute, intAttribute } from '../../attribute.js'
import { lowering } from '../lowering.js'
import { among, attend, causal } from './attend.js'
import { appended, headsOf, together } from './heads.js'

export const lowerAttention = lowering('Attention nodes written out', ['Attention'], (writer, node) => {
  const [query, keys, values, mask = '', pastKeys = '', pastValues = '', lengths = ''] = node.input as [
    ...[string, string, string],
    ...string[],
  ]
  const [, presentKeys = '', presentValues = '', scores = ''] = node.output
  const numHeads = intAttribute(node, 'q_num_heads', 0)
  const others = intAttribute(node, 'kv_num_heads', 0)
  const q = headsOf(writer, query, numHeads)
  const newKeys = headsOf(writer, keys, others)
  const newValues = headsOf(writer, values, others)
  if (q === undefined || newKeys === undefined || newValues === undefined || writer.isUsed(scores)) return undefined
  const [key, value] = [appended(writer, pastKeys, newKeys), appended(writer, pastValues, newValues)]
  // A shorter mask hides the keys behind its end.
  const reach = mask === '' ? key.length : writer.openDims(mask)?.at(-1)
  if (reach !== key.length && reach !== 1 && typeof reach === 'number') return undefined
  const isBias = writer.isFloat(mask)
  const attended = attend(writer, {
    ...{ query: q, key, value },
    scale: floatAttribute(node, 'scale', 1 / Math.sqrt(q.size)),
    cap: floatAttribute(node, 'softcap', 0),
    biases: isBias ? [mask] : [],
    seen: [
      ...(intAttribute(node, 'is_causal', 0) === 1 ? [causal(writer, q, key)] : []),
      ...(lengths === '' ? [] : [among(writer, lengths, key)]),
      ...(isBias || mask === '' ? [] : [mask]),
    ],
  })
  writer.also(presentKeys, key.name)
  writer.also(presentValues, value.name)
  return numHeads === 0 ? attended : together(writer, attended)
})
