// What went wrong in Python, as squire's own errors.

import { SquireError } from '../../../errors.js'

/** An exception that left the script. */
export interface Failure {
  readonly error: string
  readonly place: string | null
  /** The module that was not found. */
  readonly missing: string | null
  readonly python: string
  readonly executable: string
}

/** Of a script that does not load. */
export function loadError(failure: Failure, script: string): SquireError {
  const { error, missing, python, executable } = failure
  const install = `install the module there, as with \`${executable} -m pip install ${missing?.split('.')[0]}\``
  const advice =
    missing === null
      ? ''
      : `. The script runs in ${executable} (Python ${python}): ${install}, or name the interpreter that has it with --python`
  return new SquireError('USER_SCRIPT', `cannot load ${script} (-uds): ${error}${placeOf(failure)}${advice}`)
}

/** Of a call. A forward that squire `refused` is told by its own message, not by what Python makes of it. */
export function callError(failure: Failure, script: string, refused: SquireError | undefined): SquireError {
  const { error } = failure
  const where = placeOf(failure)
  return refused !== undefined && error.endsWith(refused.message)
    ? new SquireError(refused.code, `${refused.message}${where}`)
    : new SquireError('USER_SCRIPT', `the infer function of ${script} ended with ${error}${where}`)
}

function placeOf({ place }: Failure): string {
  return place === null ? '' : ` (${place})`
}
