// What a model must be for squire to take it: IR version, operator set, operators, inputs. Limits are data; a failure names everything at once.

import { SquireError } from '../../errors.js'
import { subgraphs } from '../attribute.js'
import { toNumber } from '../elements/int64.js'
import { RESERVED } from '../names/reserved.js'
import { isUnusable } from '../names/usableNames.js'
import { CONTRIB_DOMAIN, isStandardDomain, runtimeOperators, standardOperators } from '../operators.js'
import type { ModelProto, NodeProto } from '../types.js'
import { allNodes } from '../walk.js'

const IR_RANGE = [3, 13] as const
const OPSET_RANGE = [1, 26] as const
/** Operators from before are known by it. */
const FIRST_LISTED = 7

/** Throws unless squire can work on the model. `place` names it in errors. */
export function checkModel(proto: ModelProto, place: string): void {
  const [first, last] = IR_RANGE
  const irVersion = toNumber(proto.irVersion)
  if (irVersion < first || irVersion > last) {
    const advice =
      irVersion < first ? 'export it again with a newer exporter' : 'export it with an older version of onnx'
    throw new SquireError(
      'MODEL',
      `${place} has ONNX IR version ${irVersion}, expected ${first} to ${last}, what the runtime reads; ${advice}`,
    )
  }
  checkOperators(proto, place, checkOpset(proto, place))
  checkNames(proto, place)
  checkOutputs(proto, place)
}

function checkNames({ graph }: ModelProto, place: string): void {
  const unusable = [...graph.input, ...graph.output].map(({ name }) => name).find(isUnusable)
  if (unusable === undefined) return
  const expected = `expected one without NUL that is not "__proto__" and does not begin with "${RESERVED}"`
  throw new SquireError('UNSUPPORTED', `${place} has an input or output named "${unusable}", ${expected}; rename it`)
}

function checkOutputs({ graph }: ModelProto, place: string): void {
  const { input, initializer, sparseInitializer = [], node } = graph
  const made = [...input, ...initializer, ...sparseInitializer.map(({ values }) => values)].map(({ name }) => name)
  const written = new Set([...made, ...node.flatMap(({ output }) => output)].filter((name) => name !== ''))
  const missing = graph.output.map(({ name }) => name).find((name) => !written.has(name))
  const problem = graph.output.length === 0 ? 'has no outputs' : `has an output "${missing}" that no node writes`
  if (graph.output.length > 0 && missing === undefined) return
  throw new SquireError('MODEL', `${place} ${problem}; export it again, and check it with onnx.checker.check_model`)
}

function checkOpset(proto: ModelProto, place: string): number {
  const [first, last] = OPSET_RANGE
  const entry = proto.opsetImport.find(({ domain }) => isStandardDomain(domain))
  const opset = entry === undefined ? undefined : toNumber(entry.version)
  if (opset !== undefined && opset >= first && opset <= last) return opset
  const got = opset === undefined ? 'imports no version of the operator set ai.onnx' : `uses opset ${opset} of ai.onnx`
  const advice = `export it with an opset_version in that range, or convert it with onnx.version_converter`
  throw new SquireError('UNSUPPORTED', `${place} ${got}, expected ${first} to ${last}; ${advice}`)
}

function checkOperators(proto: ModelProto, place: string, opset: number): void {
  const unsupported = new Map<string, string[]>()
  const functions = proto.functions ?? []
  const own = new Set(functions.map(({ domain, name }) => JSON.stringify([domain, name])))
  const nodes = [...allNodes(proto.graph), ...functions.flatMap(({ node }) => node.flatMap(withInner))]
  for (const [position, node] of nodes.entries()) {
    if (own.has(JSON.stringify([node.domain, node.opType]))) continue
    const problem = operatorProblem(node, opset)
    if (problem === undefined) continue
    const places = unsupported.get(problem) ?? []
    places.push(node.name === '' ? `number ${position}, which writes "${node.output.join('", "')}"` : `"${node.name}"`)
    unsupported.set(problem, places)
  }
  if (unsupported.size === 0) return
  const lines = [...unsupported].map(([problem, places]) => `  ${problem}: node ${places.join(', ')}`)
  const advice =
    "squire takes standard ONNX operators, the model's own functions and com.microsoft: export the model without these"
  throw new SquireError('UNSUPPORTED', `${place} has operators squire does not support; ${advice}\n${lines.join('\n')}`)
}

function withInner(node: NodeProto): NodeProto[] {
  return [node, ...subgraphs(node).flatMap(allNodes)]
}

function operatorProblem({ domain, opType }: NodeProto, opset: number): string | undefined {
  if (domain === CONTRIB_DOMAIN || (isStandardDomain(domain) && runtimeOperators.has(opType))) return undefined
  if (domain === 'com.microsoft.nchwc')
    return `${opType} of domain ${domain} (made for one processor by the runtime's optimizer: save the model at its level "extended" instead of "all")`
  if (!isStandardDomain(domain)) return `${opType} of domain ${domain}`
  const since = standardOperators.get(opType)
  if (since === undefined) return `${opType}, not an ONNX operator`
  return since > Math.max(opset, FIRST_LISTED)
    ? `${opType}, which came with opset ${since} (the model uses ${opset})`
    : undefined
}
