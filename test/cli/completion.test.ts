import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { completion } from '../../src/cli/commands/completion.js'
import { commands } from '../../src/cli/commands/index.js'

const folder = mkdtempSync(join(tmpdir(), 'squire-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The completion script of a shell, in a file. */
async function script(shell: string): Promise<string> {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  await completion.run([shell], commands)
  const text = String(written.mock.calls[0]![0])
  written.mockRestore()
  const file = join(folder, `squire.${shell}`)
  writeFileSync(file, text)
  return file
}

function available(shell: string): boolean {
  const found = spawnSync(shell, ['-c', 'true']).status === 0
  if (!found) console.warn(`SKIPPED: ${shell} is not installed, its completion script is not run`)
  return found
}

describe('completion in bash', () => {
  /** What bash offers for the last of some words. */
  async function offered(...words: string[]): Promise<string[]> {
    const lines = [
      `source '${await script('bash')}'`,
      `COMP_WORDS=(squire ${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length}; _squire; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]
    return execFileSync('bash', ['-c', lines.join('\n')], { cwd: folder, encoding: 'utf8' })
      .trim()
      .split('\n')
  }

  it.skipIf(!available('bash'))('knows commands, options, words of an option, and files', async () => {
    expect(await offered('do')).toEqual(['doctor'])
    expect(await offered('quant', '--quant-')).toEqual(['--quant-mode'])
    expect(await offered('quant', '-qm', 'kl', 'm')).toEqual(['min_max', 'mse'])
    expect(await offered('doctor', '--p')).toEqual(['--python'])
    expect(await offered('quant', '-m', 'squire.b')).toEqual(['squire.bash'])
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(await offered('cluster', 'sl')).toEqual(['slurm'])
  })
})

describe('completion in zsh', () => {
  it.skipIf(!available('zsh'))('is a script that zsh loads', async () => {
    const file = await script('zsh')
    execFileSync('zsh', ['-f', '-n', file])
    const loaded = `autoload -U compinit && compinit -u -d ${folder}/dump && source ${file} && print $_comps[squire]`
    expect(execFileSync('zsh', ['-f', '-c', loaded], { encoding: 'utf8' }).trim()).toBe('_squire')
  })
})

describe('completion in fish', () => {
  it.skipIf(!available('fish'))('knows commands, options and words of an option', async () => {
    const file = await script('fish')
    const offered = (line: string) =>
      execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`], { encoding: 'utf8' })
    expect(offered('squire do')).toMatch(/^doctor\t/m)
    expect(offered('squire quant --quant-m')).toMatch(/^--quant-mode\t/m)
    expect(offered('squire quant -qm ')).toMatch(/^min_max\t/m)
    expect(offered('squire completion ')).toMatch(/^zsh$/m)
  })
})

it('a shell that squire does not know is an error', async () => {
  await expect(completion.run(['csh'], commands)).rejects.toThrow('expected "bash", "zsh" or "fish", got "csh"')
  await expect(completion.run([], commands)).rejects.toThrow('expected "bash", "zsh" or "fish", got none')
})
