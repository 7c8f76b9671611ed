/** Prints a text that is all that was asked for; gives the exit status of having done so. */
export function print(text: string): number {
  process.stdout.write(text)
  return 0
}
