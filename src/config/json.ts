// JSON files of users, with comments and trailing commas where they like. What is no JSON is told with the place and with what was expected there.

import type { ParseError, printParseErrorCode } from 'jsonc-parser'
import { fileProblem, SquireError } from '../errors.js'
import { readRegularText } from '../files/regularFile.js'

/** @throws SquireError CONFIG for a file that cannot be read, or is no JSON */
export async function readJson(path: string): Promise<unknown> {
  let text: string
  try {
    text = (await readRegularText(path)).replace(/^\uFEFF/, '')
  } catch (cause) {
    throw new SquireError('CONFIG', `cannot read the configuration ${path}: ${fileProblem(cause)}`, { cause })
  }
  return parseJson(text, path)
}

/** @param path names the file in errors. @throws SquireError CONFIG with line and column of the first character that does not belong there */
export async function parseJson(text: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(text)
  } catch {
    // The text has comments, or a fault that the other parser finds the place of.
  }
  const { parse, printParseErrorCode } = await import('jsonc-parser')
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first === undefined) return value
  const before = text.slice(0, first.offset).split('\n')
  const place = `${path}:${before.length}:${before.at(-1)!.length + 1}`
  throw new SquireError(
    'CONFIG',
    `${place}: this is no JSON: expected ${expectations[printParseErrorCode(first.error)]}, got ${gotAt(text, first)}`,
  )
}

const value = 'a value (a text in double quotes, a number, true, false, null, [ ... ] or { ... })'
const expectations: Readonly<Record<ReturnType<typeof printParseErrorCode>, string>> = {
  InvalidSymbol: 'keys and texts in double quotes, a number, true, false or null',
  InvalidNumberFormat: 'a number',
  PropertyNameExpected: 'a key in double quotes',
  ValueExpected: value,
  ColonExpected: '":" between a key and its value',
  CommaExpected: '"," between two entries',
  CloseBraceExpected: '"}", which closes the object',
  CloseBracketExpected: '"]", which closes the list',
  EndOfFileExpected: 'nothing behind the first value',
  InvalidCommentToken: 'a comment that begins with // or /*',
  UnexpectedEndOfComment: '"*/", which ends the comment',
  UnexpectedEndOfString: 'a closing double quote on the same line',
  UnexpectedEndOfNumber: 'a digit behind the point or exponent of a number',
  InvalidUnicode: 'four hexadecimal digits behind \\u',
  InvalidEscapeCharacter: 'one of " \\ / b f n r t u behind a backslash',
  InvalidCharacter: 'control characters in a text as escapes, such as \\t or \\n',
  '<unknown ParseErrorCode>': value,
}

/** Characters of a file that a message shows. */
const MOST_SHOWN = 24

function gotAt(text: string, { offset, length }: ParseError): string {
  if (offset >= text.length) return 'the end of the file'
  return JSON.stringify(text.slice(offset, offset + Math.min(Math.max(length, 1), MOST_SHOWN)))
}
