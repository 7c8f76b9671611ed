// A mixed configuration (-mc): bit widths and modes of single operators, by name or by type. A name wins over a type.
//
// { "op_names": { "Conv_0": { "bit-width": 16, "quant-mode": "mse" } }, "op_types": { "Gemm": { "bit-width": 16 } } }

import * as v from 'valibot'
import { listed, SquireError } from '../errors.js'
import type { ChipProfile } from '../fixedpoint/types.js'
import { issueText } from './issues.js'
import { readJson } from './json.js'
import { nearest } from './nearest.js'
import { type QuantMode, quantModes } from './options/words.js'

const choice = v.strictObject({
  'bit-width': v.optional(v.pipe(v.number(), v.integer())),
  'quant-mode': v.optional(v.picklist(quantModes)),
})
const choices = v.optional(v.record(v.string(), choice), {})
const schema = v.strictObject({ op_names: choices, op_types: choices })

export type MixConfig = v.InferOutput<typeof schema>

/** An operator as a mixed configuration sees it: its own name and its float nodes'. */
interface Named {
  readonly name: string
  readonly nodes: readonly { readonly name: string; readonly opType: string }[]
}

const allowed = 'expected { "op_names": { NAME: { "bit-width", "quant-mode" } }, "op_types": { TYPE: { ... } } }'

function holdsList(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'object' && value !== null && Object.values(value).some(holdsList))
}

/** @throws SquireError CONFIG when the file cannot be read, has other keys, or asks for what the chip cannot do */
export async function readMix(path: string, chip: ChipProfile, bitWidth: number): Promise<MixConfig> {
  const content = await readJson(path)
  // To valibot, a list is an object without keys.
  if (holdsList(content)) throw new SquireError('CONFIG', `${path} holds a list, ${allowed}`)
  const result = v.safeParse(schema, content)
  if (!result.success) throw new SquireError('CONFIG', `${path}, ${issueText(result.issues[0])}; ${allowed}`)
  for (const [name, { 'bit-width': bits }] of entriesOf(result.output)) {
    if (bits === undefined) continue
    if (!chip.bitWidths.includes(bits)) {
      const widths = listed(chip.bitWidths)
      throw new SquireError('CONFIG', `${path}, "${name}": ${chip.name} computes in ${widths} bits, not in ${bits}`)
    }
    if (bits !== bitWidth && !chip.mixesWidths) {
      throw new SquireError('CONFIG', `${path}, "${name}": ${chip.name} does not mix widths in one model`)
    }
  }
  return result.output
}

/** What an operator is to be; undefined where neither its name nor its types are mentioned. */
export function choiceOf({ op_names, op_types }: MixConfig, { name, nodes }: Named) {
  const names = [name, ...nodes.map((node) => node.name)].filter((own) => Object.hasOwn(op_names, own))
  if (names[0] !== undefined) return op_names[names[0]]
  const type = nodes.map(({ opType }) => opType).find((own) => Object.hasOwn(op_types, own))
  return type === undefined ? undefined : op_types[type]
}

/** Throws SquireError CONFIG for a name or type that no operator of the plan has. */
export function requireMentioned(mix: MixConfig, operators: readonly Named[], path: string): void {
  const names = operators.flatMap(({ name, nodes }) => [name, ...nodes.map((node) => node.name)])
  const types = operators.flatMap(({ nodes }) => nodes.map(({ opType }) => opType))
  for (const [key, known] of [
    ['op_names', names],
    ['op_types', types],
  ] as const) {
    for (const wanted of Object.keys(mix[key])) {
      if (known.includes(wanted)) continue
      const near = nearest(wanted, known)
      const advice = near === undefined ? 'take names from the template that -gt writes' : `did you mean "${near}"?`
      throw new SquireError('CONFIG', `${path}, "${key}": no quantized operator is called "${wanted}"; ${advice}`)
    }
  }
}

function entriesOf({ op_names, op_types }: MixConfig) {
  return [...Object.entries(op_names), ...Object.entries(op_types)]
}

/** A mixed configuration that names every operator. */
export function mixOfOperators(
  operators: readonly { readonly name: string; readonly bits: number; readonly mode: QuantMode }[],
): MixConfig {
  const names = operators.map(({ name, bits, mode }) => [name, { 'bit-width': bits, 'quant-mode': mode }])
  return { op_names: Object.fromEntries(names), op_types: {} }
}

/** As --mix-config takes it. */
export function mixJson(mix: MixConfig): string {
  return `${JSON.stringify(mix, null, 2)}\n`
}
