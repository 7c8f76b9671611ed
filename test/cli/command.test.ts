// The compiled command as a user runs it: exit status, and which stream says what.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { commands } from '../../src/cli/commands/index.js'
import { run } from '../../src/cli/run.js'
import { listed } from '../../src/errors.js'
import { chipNames } from '../../src/fixedpoint/chip.js'
import { squireVersion } from '../../src/version.js'

const command = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url))

function squire(words: string): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [command, ...words.split(' ').filter(Boolean)], (_, stdout, stderr) =>
      done({ status: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

const example = 'squire quant -m model.onnx -d images/ -i 100 -s out'
const onnxOnly = 'squire reads ONNX models only, not'

const mistakes: readonly [string, string][] = [
  ['-m a.onnx', `the command is missing: expected "quant", as in\n  ${example}`],
  ['profile -m a.onnx', `unknown command "profile": expected ${listed(Object.keys(commands))}`],
  [
    'compltion bash',
    `unknown command "compltion": expected ${listed(Object.keys(commands))}; did you mean "completion"?`,
  ],
  ['--chip TX5105C compile -m a.onnx', `unknown command "compile": expected "quant", as in\n  ${example}`],
  ['quant', `the model is missing: give it with --model (-m), as in\n  ${example}`],
  ['quant onnx extra -m a.onnx', 'unexpected "extra" after `squire quant onnx`'],
  ['doctor model.onnx', 'squire doctor: expected options only, got "model.onnx"'],
  ['quant tflite -m a.onnx', '`squire quant`: expected "onnx", got "tflite"'],
  ['quant a.onnx', '`squire quant`: expected "onnx", got "a.onnx"; the model is given with -m'],
  ['quant onx -m a.onnx', '`squire quant`: expected "onnx", got "onx"; did you mean "onnx"?'],
  [
    'quant pytorch -m a.pt',
    `\`squire quant\`: ${onnxOnly} pytorch: export the model with torch.onnx.export(model, inputs, "model.onnx"), then pass it with -m`,
  ],
  [
    'quant -f paddle -m a',
    `--framework (-f): ${onnxOnly} paddle: export the model with paddle2onnx --model_dir DIR --save_file model.onnx, then pass it with -m`,
  ],
  [
    'quant -f tensorflow -m a',
    `--framework (-f): ${onnxOnly} tensorflow: export the model with python -m tf2onnx.convert --saved-model DIR --output model.onnx, then pass it with -m`,
  ],
  [
    'quant caffe -m a',
    `\`squire quant\`: ${onnxOnly} caffe: Caffe has no exporter of its own: convert the model with caffe2onnx, then pass it with -m`,
  ],
  ['quant -m a.onnx -b 16', '--bit-width (-b): TX5105C computes in 8 bits, not in 16: choose 8'],
  [
    '--chip TX5368 quant -m a.onnx',
    `--chip (-ch): expected ${listed(chipNames)}, where x stands for the rest of a name, got "TX5368"; did you mean "TX5368x"?`,
  ],
  [
    'quant -m a.onnx -ch tx5105c',
    `--chip (-ch): expected ${listed(chipNames)}, where x stands for the rest of a name, got "tx5105c"; did you mean "TX5105C"?`,
  ],
  [
    'quant -m a.onnx -qm kl mze',
    '--quant-mode (-qm): expected "kl", "min_max", "mse", "percentile", "kl_v2", "all" or "auto", got "mze"; did you mean "mse"?',
  ],
  [
    'quant -m a.onnx -r profile',
    '--run-mode (-r): expected "quant", "infer", "convert", "compare" or "auto_quant", got "profile"',
  ],
  ['quant -m a.onnx -i 0', '--iteration (-i): expected "all" or an integer of at least 1, got 0'],
  ['quant -m a.onnx -i 1.5', '--iteration (-i): expected "all" or an integer of at least 1, got 1.5'],
  ['quant -m a.onnx -l 4', '--log-level (-l): expected an integer from 0 to 3, got 4'],
  ['quant -m a.onnx -per 0', '--percent (-per): expected a number above 0 and at most 1, got 0'],
  ['quant -m a.onnx --eval-iteration some', '--eval-iteration: expected "all" or an integer of at least 1, got "some"'],
  ['quant -m a.onnx --on-bad-sample drop', '--on-bad-sample: expected "error" or "skip", got "drop"'],
  ['quant -m a.onnx --image-mean 1', '--image-mean needs --image-std too: give both or neither'],
  ['quant -m a.onnx --image-std 1', '--image-std needs --image-mean too: give both or neither'],
  [
    'quant -m a.onnx --image-mean 1 2 --image-std 1',
    '--image-mean: expected 1 value or 3 for --color-space BGR, got 2',
  ],
  [
    'quant -m a.onnx --color-space GRAY --image-mean 1 --image-std 1 1 1',
    '--image-std: expected 1 value for --color-space GRAY, got 3',
  ],
  ['quant -m a.onnx -r infer -gsj', '--generate-scale-json (-gsj) works with --run-mode (-r) quant only'],
]

describe('the command', () => {
  it('ends a mistake with status 2 and one message on stderr', async () => {
    const [words, message] = mistakes[0]!
    expect(await squire(words)).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\n` })
  })

  it.each(mistakes)('says of `squire %s` what is wrong', async (words, message) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const status = await run(words.split(' ').filter(Boolean))
    const calls = written.mock.calls
    written.mockRestore()
    expect(calls).toEqual([[`error: ${message}\n`]])
    expect(status).toBe(2)
  })

  it('shows the stack of a mistake at -l 0 only', async () => {
    expect((await squire('quant -l 0')).stderr).toMatch(/^error: the model is missing[\s\S]*\n {4}at /)
  })

  it.each(['', '--help', 'quant -h', 'quant -m --help', 'help', 'help compare'])(
    'prints its help on stdout for %s',
    async (words) => {
      const { status, stdout, stderr } = await squire(words)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toMatch(/^Usage: squire /)
    },
  )

  it.each(['-v', '--version'])('prints its version for %s', async (words) => {
    expect(await squire(words)).toEqual({ status: 0, stdout: `${squireVersion()}\n`, stderr: '' })
  })
})
