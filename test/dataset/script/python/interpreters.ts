// The Python interpreters of this machine that tests use.

import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Infer functions that need no package. */
export const bareScript = fileURLToPath(new URL('fixtures/bare.py', import.meta.url))

function works(python: string, code: string): boolean {
  try {
    execFileSync(python, ['-c', code], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A command that starts Python without any installed package, made in `folder`; undefined where there is no Python. */
export function barePython(folder: string): string | undefined {
  if (!works('python3', 'import sys; assert sys.version_info >= (3, 8)')) return undefined
  const path = join(folder, 'bare-python')
  writeFileSync(path, '#!/bin/sh\nexec python3 -S "$@"\n')
  chmodSync(path, 0o755)
  return path
}

/** An interpreter that has these modules: SQUIRE_TEST_PYTHON, or python3; undefined where neither has. */
export function pythonWith(...modules: string[]): string | undefined {
  const candidates = [process.env.SQUIRE_TEST_PYTHON, 'python3'].filter((python) => python !== undefined)
  return candidates.find((python) => works(python, `import ${modules.join(', ')}`))
}
