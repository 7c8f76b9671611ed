// Functions of the model itself: every call becomes the function's nodes, in the main graph and in subgraphs, and no function is left.
// Source: onnx/docs/IR.md, Model Local Functions.

import { SquireError } from '../../errors.js'
import { toNumber } from '../elements/int64.js'
import { nameSource } from '../graph.js'
import { opsetOf } from '../model.js'
import { mapGraphs, renameAll } from '../names/renaming.js'
import { isStandardDomain } from '../operators.js'
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from '../types.js'
import type { ImportStep } from './step.js'

/** Calls inside calls: deeper ones mean that a function calls itself, which ONNX forbids. */
const MOST_DEPTH = 64

export const inlineFunctions: ImportStep = (proto) => {
  const { functions = [], ...rest } = proto
  if (functions.length === 0) return { proto }
  const byKey = new Map(functions.map((one) => [keyOf(one.domain, one.name, one.overload), one]))
  const inliner = new Inliner(byKey, opsetOf(proto), nameSource(proto.graph))
  const graph = inliner.graph(proto.graph, 0)
  const own = new Set(functions.map(({ domain }) => domain))
  const opsetImport = rest.opsetImport.filter(({ domain }) => isStandardDomain(domain) || !own.has(domain))
  return {
    proto: { ...rest, opsetImport, graph },
    line: `calls of the model's own functions inlined: ${inliner.count}`,
  }
}

class Inliner {
  count = 0
  readonly #functions: ReadonlyMap<string, FunctionProto>
  readonly #opset: number
  readonly #unique: (wish: string) => string

  constructor(functions: ReadonlyMap<string, FunctionProto>, opset: number, unique: (wish: string) => string) {
    this.#functions = functions
    this.#opset = opset
    this.#unique = unique
  }

  graph(graph: GraphProto, depth: number): GraphProto {
    return { ...graph, node: graph.node.flatMap((node) => this.#node(node, depth)) }
  }

  #node(node: NodeProto, depth: number): NodeProto[] {
    const called = this.#functions.get(keyOf(node.domain, node.opType, node.overload))
    if (called === undefined) {
      return [{ ...node, attribute: node.attribute.map((one) => mapGraphs(one, (graph) => this.graph(graph, depth))) }]
    }
    const place = `function "${called.name}", called by node "${node.name}",`
    if (depth === MOST_DEPTH) throw new SquireError('MODEL', `${place} calls itself; export the model again`)
    this.#checkOpset(called, place)
    this.count++
    return this.#body(called, node).flatMap((inner) => this.#node(inner, depth + 1))
  }

  /** The function's nodes on the call's tensors and attributes; what they keep to themselves gets names of its own. */
  #body(called: FunctionProto, call: NodeProto): NodeProto[] {
    const names = new Map<string, string>()
    called.output.forEach((name, i) => {
      if (call.output[i]) names.set(name, call.output[i])
    })
    // An output that is an input as it came is passed on by a node.
    const passed = called.output.flatMap((name, i) => {
      const at = called.input.indexOf(name)
      const to = call.output[i]
      if (at === -1 || !to) return []
      return [{ name: '', opType: 'Identity', domain: '', input: [call.input[at] ?? ''], output: [to], attribute: [] }]
    })
    called.input.forEach((name, i) => {
      names.set(name, call.input[i] ?? '')
    })
    const prefix = call.name || call.output.find((name) => name !== '') || called.name
    const rename = (name: string) => {
      const known = names.get(name)
      if (known !== undefined) return known
      const fresh = this.#unique(`${prefix}/${name}`)
      names.set(name, fresh)
      return fresh
    }
    const attributes = new Map(
      [...called.attributeProto, ...call.attribute].map((attribute) => [attribute.name, attribute]),
    )
    const nodes = called.node.map((node) => withAttributes(node, attributes))
    return [
      ...nodes.map((node) => ({ ...renameAll(node, rename), name: `${prefix}/${node.name || node.opType}` })),
      ...passed,
    ]
  }

  #checkOpset(called: FunctionProto, place: string): void {
    const own = called.opsetImport.find(({ domain }) => isStandardDomain(domain))
    const version = own === undefined ? this.#opset : toNumber(own.version)
    if (version === this.#opset) return
    const problem = `uses opset ${version} of ai.onnx, the model ${this.#opset}`
    const advice = 'export the model with one opset, or convert it with onnx.version_converter'
    throw new SquireError('UNSUPPORTED', `${place} ${problem}; ${advice}`)
  }
}

/** The node with references to the function's attributes replaced by what the call gives; those that it does not give are left out. */
function withAttributes(node: NodeProto, given: ReadonlyMap<string, AttributeProto>): NodeProto {
  const attribute = node.attribute.flatMap((one) => {
    const { refAttrName } = one
    if (refAttrName !== undefined && refAttrName !== '') {
      const value = given.get(refAttrName)
      return value === undefined ? [] : [{ ...value, name: one.name }]
    }
    const inside = (graph: GraphProto) => ({ ...graph, node: graph.node.map((inner) => withAttributes(inner, given)) })
    return [mapGraphs(one, inside)]
  })
  return { ...node, attribute }
}

function keyOf(domain: string, name: string, overload = ''): string {
  return JSON.stringify([domain === 'ai.onnx' ? '' : domain, name, overload])
}
