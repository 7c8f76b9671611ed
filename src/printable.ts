// Text that holds names, paths or messages from outside, made fit for a terminal: no escape sequence moves the cursor, sets the window's title or
// hides what comes after, and no name begins a line of its own that looks like squire's.

/** Control characters but the newline, and those that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const hidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** One line, or several of which all but the first are indented. */
export function printable(text: string): string {
  return text.replace(hidden, escaped).replace(/\n(?! {2})/g, '\n  ')
}

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
}
