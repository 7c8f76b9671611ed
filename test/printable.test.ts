import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printable } from '../src/printable.js'

describe('printable text', () => {
  test.each([
    ['a colour', '\x1b[31mred', '\\x1b[31mred'],
    ['a window title', '\x1b]0;mine\x07', '\\x1b]0;mine\\x07'],
    ['a line that writes over itself', 'error: x\rok', 'error: x\\x0dok'],
    ['an 8-bit escape', '\x9b31m', '\\x9b31m'],
    ['NUL', 'a\0b', 'a\\x00b'],
    ['text that runs backwards', '\u202egnp.exe', '\\u202egnp.exe'],
    ['a forged line', 'x"\nwarning: all is well', 'x"\n  warning: all is well'],
  ])('shows %s for what it is', (_, text, shown) => expect(printable(text)).toBe(shown))

  test.each(['größer 名前 😀 \u{1F469}\u200d\u{1F4BB}', 'error: two\n  lines'])('leaves %j as it is', (text) => {
    expect(printable(text)).toBe(text)
  })

  test('has no control character left, and stays as it is when it is made printable again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printable(text)
        expect(shown).not.toMatch(/(?!\n)\p{Cc}/u)
        expect(printable(shown)).toBe(shown)
      }),
    )
  })
})
