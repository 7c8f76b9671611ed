// What a schema finds wrong with the content of a file, in squire's words.

import type { BaseIssue } from 'valibot'

/** `"op_names", "conv", "quant-mode": expected "kl" or "mse", got "foo"`; of a key that is not there, that it is missing. */
export function issueText({ path, type, expected, received, message }: BaseIssue<unknown>): string {
  const where = (path ?? []).map(({ key }) => JSON.stringify(key)).join(', ')
  return `${where}${where && ': '}${problem({ type, expected, received, message })}`
}

type Problem = Pick<BaseIssue<unknown>, 'type' | 'expected' | 'received' | 'message'>

function problem({ type, expected, received, message }: Problem): string {
  const isObject = type === 'object' || type === 'strict_object'
  if (isObject && expected === 'never') return 'unknown key'
  if (isObject && expected !== 'Object') return 'this key is missing'
  return expected === null ? message : `expected ${inWords(expected)}, got ${received}`
}

/** `("a" | "b" | "c")`, as valibot lists choices. */
function inWords(expected: string): string {
  const choices = expected.replace(/^\((.*)\)$/, '$1').split(' | ')
  return choices.length === 1 ? expected : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}
