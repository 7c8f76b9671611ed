// The name of a folder for temporary files, squire-HOST-PID-RANDOM: a later run tells by it whether the process is alive that made the folder.

import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

export const hostPrefix = `squire-${hostname().replaceAll(/[^\w.-]/g, '_')}-`

/** What mkdtemp takes: it appends six random characters. */
export function temporaryPrefix(): string {
  return join(tmpdir(), `${hostPrefix}${process.pid}-`)
}
