// A Scan that somebody has written gets the form that a lowered recurrent layer has: its sequences lie along the first axis, its steps hold constants
// as such, and it shows what its steps compute as sequences, so that calibration can observe it.

import { intsAttribute, makeAttribute } from '../../attribute.js'
import { indexGraph } from '../../graph.js'
import { makeNode, makeValueInfo } from '../../node.js'
import { rearranging } from '../../operators.js'
import { isScan, type ScanForm, type ScanSequence, scanForm } from '../../scan.js'
import { stepTensors } from '../../shapes/stepTensors.js'
import { type AttributeProto, DataType, type GraphProto, type ModelProto, type NodeProto } from '../../types.js'
import { constantNodes } from '../constants/constantNodes.js'
import { factsIfOpened } from '../facts.js'
import { expandNodes, type Pass } from '../pass.js'

export const showSteps: Pass = {
  title: 'Scan nodes made to show what their steps compute',
  async apply(proto: ModelProto) {
    const forms = await hidingScans(proto)
    return expandNodes(proto, (node, { unique }) => {
      const hiding = forms.get(node)
      return hiding && { nodes: shown(node, hiding, unique), tensors: [] }
    })
  },
}

/** A Scan whose sequences have known ranks, and what it is to show. */
interface Hiding {
  readonly form: ScanForm
  /** Values of its steps that it does not show, with their ranks. */
  readonly hidden: ReadonlyMap<string, number>
  readonly rankOf: (name: string) => number
}

async function hidingScans(proto: ModelProto): Promise<ReadonlyMap<NodeProto, Hiding>> {
  const found = new Map<NodeProto, Hiding>()
  for (const node of proto.graph.node.filter(isScan)) {
    const form = scanForm(node)
    if (form === undefined || form.states.length === 0) continue
    const facts = await factsIfOpened(proto)
    const inner = await stepTensors(proto, node, (name) => facts.get(name))
    if (inner === undefined) continue
    const rankOf = (name: string) => inner.get(name)?.dims.length ?? 0
    const sequences = [...form.inputs, ...form.outputs]
    if (sequences.some(({ element, axis }) => axis > rankOf(element))) continue
    const constants = [...form.body.initializer, ...proto.graph.initializer].filter(({ dims }) => dims.length === 1)
    const rows = new Set(constants.map(({ name }) => name))
    const computed = hiddenTensors(form, (name) => rows.has(name)).filter(
      (name) => inner.get(name)?.dataType === DataType.FLOAT,
    )
    const hidden = new Map(computed.map((name) => [name, rankOf(name)]))
    const isElsewhere = sequences.some(({ axis }) => axis !== 0)
    if (hidden.size > 0 || isElsewhere) found.set(node, { form, hidden, rankOf })
  }
  return found
}

/** What gives values that others have computed, of which there are sequences. */
const handing: ReadonlySet<string> = new Set([...rearranging, 'Constant', 'Slice', 'Split', 'Where'])

/**
 * What steps compute and no sequence holds. Left out is what nothing has to observe: values that a node hands on as they are, and a product to
 * which the next node adds a bias, as the plan makes one operator of product and bias.
 */
function hiddenTensors({ body, outputs }: ScanForm, isConstant: (name: string) => boolean): readonly string[] {
  const index = indexGraph(body)
  const source = (name: string): string => {
    const producer = index.producer(name)
    return producer?.opType === 'Identity' ? source(producer.input[0]!) : name
  }
  const held = new Set(outputs.map(({ element }) => source(element)))
  const lacksBias = (node: NodeProto) => {
    const [reader, ...others] = index.consumers(node.output[0]!)
    const isSole = others.length === 0 && !index.isGraphOutput(node.output[0]!)
    return node.opType === 'MatMul' && isSole && reader?.opType === 'Add' && reader.input.some(isConstant)
  }
  const computing = body.node.filter((node) => !handing.has(node.opType) && !lacksBias(node))
  return computing.flatMap(({ output }) => output).filter((name) => name !== '' && !held.has(name))
}

function shown(node: NodeProto, hiding: Hiding, unique: (wish: string) => string): readonly NodeProto[] {
  const { form, hidden } = hiding
  const numStates = form.states.length
  const inputs = form.inputs.map((one) => alongFirst(one, hiding, unique))
  const outputs = form.outputs.map((one) => fromFirst(one, hiding, unique))
  const sequences = [...hidden.keys()].map((name) => unique(`${node.name || 'Scan'}_${name}`))
  const body = showing(form.body, hidden, unique)
  const directions = [...form.outputs.map(({ reverse }) => Number(reverse)), ...sequences.map(() => 0)]
  const attribute: AttributeProto[] = [
    ...node.attribute.filter(({ name }) => name === 'num_scan_inputs'),
    makeAttribute('body', body),
    makeAttribute(
      'scan_input_directions',
      intsAttribute(
        node,
        'scan_input_directions',
        form.inputs.map(() => 0),
      ),
    ),
    makeAttribute('scan_output_directions', directions),
  ]
  const input = [...node.input.slice(0, numStates), ...inputs.map(({ name }) => name)]
  const output = [...node.output.slice(0, numStates), ...outputs.map(({ name }) => name), ...sequences]
  return [
    ...inputs.flatMap(({ nodes }) => nodes),
    { ...node, input, output, attribute },
    ...outputs.flatMap(({ nodes }) => nodes),
  ]
}

interface Sequence {
  readonly name: string
  readonly nodes: readonly NodeProto[]
}

/** The steps' axis of a sequence that goes in, brought to the front. */
function alongFirst(one: ScanSequence, { rankOf }: Hiding, unique: (wish: string) => string): Sequence {
  const { sequence } = one
  const perm = stepsFirst(one, rankOf)
  if (perm === undefined) return { name: sequence, nodes: [] }
  const name = unique(`${sequence}_steps_first`)
  return { name, nodes: [makeNode('Transpose', [sequence], [name], [makeAttribute('perm', perm)], name)] }
}

/** The other way round, of a sequence that comes out. */
function fromFirst(one: ScanSequence, { rankOf }: Hiding, unique: (wish: string) => string): Sequence {
  const { sequence } = one
  const front = stepsFirst(one, rankOf)
  if (front === undefined || sequence === '') return { name: sequence, nodes: [] }
  const name = unique(`${sequence}_steps_first`)
  const perm = front.map((_, to) => front.indexOf(to))
  return { name, nodes: [makeNode('Transpose', [name], [sequence], [makeAttribute('perm', perm)], `${name}_back`)] }
}

/** The axes of a sequence with that of the steps first; undefined where it is. */
function stepsFirst({ element, axis }: ScanSequence, rankOf: Hiding['rankOf']): readonly number[] | undefined {
  const rank = rankOf(element) + 1
  const steps = axis < 0 ? axis + rank : axis
  if (steps === 0) return undefined
  return [steps, ...Array.from({ length: rank }, (_, at) => at).filter((at) => at !== steps)]
}

/** The steps with more outputs. What they hand on is an output already, and shown as a copy. */
function showing(body: GraphProto, hidden: ReadonlyMap<string, number>, unique: (wish: string) => string): GraphProto {
  const { graph } = constantNodes.apply({ irVersion: 0, opsetImport: [], graph: body }).proto
  const outputs = new Set(graph.output.map(({ name }) => name))
  const copies: NodeProto[] = []
  const more = [...hidden].map(([name, rank]) => {
    const copy = outputs.has(name) ? unique(`${name}_shown`) : name
    if (copy !== name) copies.push(makeNode('Identity', [name], [copy], [], copy))
    return makeValueInfo(copy, DataType.FLOAT, Array<string>(rank).fill(''))
  })
  return { ...graph, node: [...graph.node, ...copies], output: [...graph.output, ...more] }
}
