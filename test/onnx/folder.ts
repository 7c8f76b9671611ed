// A temporary folder for each test, gone afterwards.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** Call at the top of a suite; inside a test, `at('a/b')` is a path in that test's own folder. */
export function temporaryFolder(): (name: string) => string {
  let folder = ''
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'squire-onnx-')))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  return (name) => path.join(folder, name)
}
