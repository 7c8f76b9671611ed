// What a model must be for squire to take it: IR version, operator set, operators, inputs. Limits are data; a failure names everything at once.

import { SquireError } from '../errors.js'
import { toNumber } from './int64.js'
import { isStandardDomain, standardOperators } from './operators.js'
import type { ModelProto, NodeProto } from './types.js'
import { allNodes } from './walk.js'

export const MIN_IR_VERSION = 3
export const OPSET_RANGE = [7, 22] as const

/** Throws unless squire can work on the model. `place` names it in errors. */
export function checkModel(proto: ModelProto, place: string): void {
  const irVersion = toNumber(proto.irVersion)
  if (irVersion < MIN_IR_VERSION) {
    const expected = `ONNX IR version ${irVersion}, expected ${MIN_IR_VERSION} or later`
    throw new SquireError('MODEL', `${place} has ${expected}; export it again with a newer exporter`)
  }
  checkOperators(proto, place, checkOpset(proto, place))
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
  for (const [position, node] of allNodes(proto.graph).entries()) {
    const problem = operatorProblem(node, opset)
    if (problem === undefined) continue
    const nodes = unsupported.get(problem) ?? []
    nodes.push(node.name === '' ? `number ${position}, which writes "${node.output.join('", "')}"` : `"${node.name}"`)
    unsupported.set(problem, nodes)
  }
  if (unsupported.size === 0) return
  const lines = [...unsupported].map(([problem, nodes]) => `  ${problem}: node ${nodes.join(', ')}`)
  const advice = 'squire takes the standard ONNX operators: export the model without these'
  throw new SquireError('UNSUPPORTED', `${place} has operators squire does not support; ${advice}\n${lines.join('\n')}`)
}

function operatorProblem({ domain, opType }: NodeProto, opset: number): string | undefined {
  if (!isStandardDomain(domain)) return `${opType} of domain ${domain}`
  const since = standardOperators.get(opType)
  if (since === undefined) return `${opType}, not an ONNX operator`
  return since > opset ? `${opType}, which came with opset ${since} (the model uses ${opset})` : undefined
}
