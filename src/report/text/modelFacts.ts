// What `squire info` prints.

import { printable } from '../../printable.js'

export interface ModelFacts {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  readonly producer: string | null
  readonly opset: number
  /** Elements of all initializers. */
  readonly weights: number
  readonly inputs: readonly TensorFacts[]
  /** With the coefficient that the integers of an output are to be multiplied by, where it has one. */
  readonly outputs: readonly (TensorFacts & { readonly scale: number | null })[]
  /** Node type -> how many. */
  readonly nodes: Readonly<Record<string, number>>
  /** null for a model that squire did not write. */
  readonly quantization: QuantizationFacts | null
}

export interface TensorFacts {
  readonly name: string
  readonly type: string | null
  /** A text is a named dimension, an empty one a dimension that is open without a name; null where the file does not say. */
  readonly dims: readonly (number | string)[] | null
}

export interface QuantizationFacts {
  readonly squire: string | null
  readonly chip: string | null
  readonly mode: string | null
  readonly options: Readonly<Record<string, unknown>>
  readonly tensors: readonly {
    readonly name: string
    readonly scale: number
    readonly bits: number
    readonly offset: number
  }[]
  readonly operators: readonly Readonly<Record<string, unknown>>[]
}

export interface Parts {
  readonly outputs: boolean
  readonly quantization: boolean
}

/** @param parts these only; undefined: all */
export function factLines(facts: ModelFacts, parts: Parts | undefined): string[] {
  const all = parts === undefined
  return [
    ...(all ? fileLines(facts) : []),
    ...(all ? ['', 'inputs', ...facts.inputs.map((input) => `  ${tensorText(input)}`)] : []),
    ...(all || parts.outputs ? [...(all ? [''] : []), 'outputs', ...facts.outputs.map(outputText)] : []),
    ...(all || parts.quantization
      ? [...(all || parts.outputs ? [''] : []), ...quantizationLines(facts.quantization)]
      : []),
  ]
}

function fileLines({ file, bytes, sha256, producer, opset, weights, nodes }: ModelFacts): string[] {
  const kinds = Object.entries(nodes).map(([type, count]) => `${count} ${printable(type)}`)
  return [
    `${'file'.padEnd(10)} ${printable(file)}`,
    `${'size'.padEnd(10)} ${bytes} bytes, ${weights} weights`,
    `${'sha-256'.padEnd(10)} ${sha256}`,
    `${'written by'.padEnd(10)} ${printable(producer ?? 'unknown')}, opset ${opset}`,
    `${'nodes'.padEnd(10)} ${kinds.join(', ')}`,
  ]
}

function tensorText({ name, type, dims }: TensorFacts): string {
  const shape = dims === null ? 'of any shape' : `[${dims.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`
  return printable(`${name}  ${type ?? 'unknown type'} ${shape}`)
}

function outputText(output: ModelFacts['outputs'][number]): string {
  const scale = output.scale === null ? '' : `  integers, times ${output.scale}`
  return `  ${tensorText(output)}${scale}`
}

function quantizationLines(quantization: QuantizationFacts | null): string[] {
  if (quantization === null) return ['quantization  none that squire made']
  const { squire, chip, mode, options, tensors, operators } = quantization
  const given = Object.entries(options).filter(([, value]) => value !== null && typeof value !== 'object')
  const software = operators.filter(({ reason }) => typeof reason === 'string').length
  return [
    `quantization  by squire ${squire}, ${chip}${mode === null ? '' : `, mode ${mode}`}`,
    `  options     ${printable(given.map(([name, value]) => `${name} ${String(value)}`).join(', '))}`,
    ...(operators.length === 0
      ? []
      : [
          `  operators   ${operators.length}, of which ${software} in software; ${tensors.length} tensors held as integers`,
          '',
          ...operators.map(operatorText),
        ]),
  ]
}

/** `conv  conv1 (Conv, Relu) -> y  8 bit  q0 2, q1 7, q2 5, ...` */
function operatorText(operator: Readonly<Record<string, unknown>>): string {
  const { name, kind, nodes, inputs: _, outputs, ...numbers } = operator
  const shown = Object.entries(numbers).flatMap(([key, value]) =>
    value === null ? [] : [`${key} ${numberText(value)}`],
  )
  const made = `${(nodes as string[]).join(', ')} -> ${(outputs as string[]).join(', ')}`
  return printable(`  ${String(kind).padEnd(12)} ${String(name)} (${made})  ${shown.join(', ')}`.trimEnd())
}

function numberText(value: unknown): string {
  if (Array.isArray(value)) return value.map(numberText).join(' … ')
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([key, one]) => `${key} ${numberText(one)}`)
      .join(' ')
  return String(value)
}
