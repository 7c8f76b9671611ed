import { describe, expect, it } from 'vitest'
import { translate } from '../../src/cli/argv.js'
import { type Flag, flags } from '../../src/cli/flags.js'
import { squireVersion } from '../../src/version.js'

const translated: readonly [string, string][] = [
  ['quant onnx -m a.onnx -s out', 'quant onnx --model a.onnx --save-dir out'],
  ['-qm kl mse', '--quant-mode kl mse'],
  ['-qm=kl mse', '--quant-mode kl mse'],
  ['-i=5', '--iteration 5'],
  ['--iteration=5 10', '--iteration 5 10'],
  ['-s=a=b', '--save-dir a=b'],
  ['--chip TX5105C quant', '--chip TX5105C quant'],
  ['quant -ch TX5105C', 'quant --chip TX5105C'],
  [
    '-if infer_auto -uds data.mjs -per 0.999 -bs 4 -cn 2',
    '--infer-func infer_auto --user-defined-script data.mjs --percent 0.999 --batch-size 4 --cpu-num 2',
  ],
  [
    '-cd stats.arrow -gsj -od -l 0 -r infer',
    '--cache-distribution stats.arrow --generate-scale-json --output-dequant --log-level 0 --run-mode infer',
  ],
  ['--image-mean -104 -1.5 -.5', '--image-mean -104 -1.5 -.5'],
  ['-s -', '--save-dir -'],
]

describe('translation of the command line', () => {
  it.each(translated)('turns %s into %s', (words, expected) => {
    expect(translate(words.split(' '))).toEqual(expected.split(' '))
  })

  it('knows every name in the table once', () => {
    const table = Object.entries<Flag>(flags)
    const written = table.flatMap(([long, { short }]) =>
      short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`],
    )
    expect(new Set(written).size).toBe(written.length)
  })

  it.each([
    ['-qn kl', 'unknown option -qn; did you mean -qm?'],
    ['--save-dri out', 'unknown option --save-dri; did you mean --save-dir?'],
    ['--colour red', 'unknown option --colour'],
  ])('calls %s unknown and lists what is allowed', (words, message) => {
    expect(() => translate(words.split(' '))).toThrow(`${message}\nAllowed: -m --model, -s --save-dir, -ch --chip`)
  })

  const refused = Object.entries<Flag>(flags).flatMap(([long, flag]) =>
    flag.kind === 'refused' ? [{ long, ...flag }] : [],
  )

  it.each(refused)('refuses $long with its reason', ({ long, short, why }) => {
    expect(() => translate([`--${long}`])).toThrow(why)
    if (short !== undefined) expect(() => translate([`-${short}=1`])).toThrow(why)
  })

  it.each([
    ['--dump', `--dump (-du) is not supported yet by squire ${squireVersion()}; see \`squire --help\` for what is`],
    ['-mean 104', 'unknown option -mean; did you mean --mean?'],
    ['--mean 104', `--mean is not supported yet by squire ${squireVersion()}; see \`squire --help\` for what is`],
    ['-sp', '--spin-quant (-sp) is not for this chip'],
    ['-snn x', '-snn is for frameworks other than ONNX'],
    ['-m', '--model (-m) needs a value: a path'],
    ['-m -s out', '--model (-m) needs a value: a path'],
    ['-qm -i 5', '--quant-mode (-qm) needs a value: "kl", "min_max", "mse", "percentile", "kl_v2" or "all"'],
    ['--json=yes', '--json takes no value, got "yes"'],
  ])('answers %s with the reason', (words, message) => {
    expect(() => translate(words.split(' '))).toThrow(message)
  })
})
