import { stdout } from '../report/console/standardStreams.js'

/** Prints a text that is all that was asked for; gives the exit status of having done so. */
export function print(text: string): number {
  stdout.write(text)
  return 0
}
