import { describe, expect, it } from 'vitest'
import { translate } from '../../src/cli/argv.js'
import { quantFlags } from '../../src/cli/configure.js'
import { foreign } from '../../src/config/foreign.js'

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
    expect(translate(words.split(' '), quantFlags)).toEqual(expected.split(' '))
  })

  it('knows every name in the table once', () => {
    const names = [
      ...quantFlags.byLong.values(),
      ...Object.entries(foreign).map(([long, { short }]) => ({ long, short })),
    ]
    const written = names.flatMap(({ long, short }) =>
      short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`],
    )
    expect(new Set(written).size).toBe(written.length)
  })

  it.each([
    ['--quant-mod kl', 'unknown option --quant-mod; did you mean --quant-mode?'],
    ['--save-dri out', 'unknown option --save-dri; did you mean --save-dir?'],
    ['--colour red', 'unknown option --colour; see `squire --help` for all options'],
  ])('calls %s unknown and suggests one name', (words, message) => {
    expect(() => translate(words.split(' '), quantFlags)).toThrow(message)
  })

  it.each(Object.entries(foreign))('refuses --%s with its reason', (long, { short, why }) => {
    expect(() => translate([`--${long}`], quantFlags)).toThrow(why)
    expect(() => translate([`-${short}=1`], quantFlags)).toThrow(why)
  })

  it.each([
    ['-sp', '--spin-quant (-sp) is not for this chip'],
    ['-snn x', '-snn is for tensorflow models: export the model with python -m tf2onnx.convert'],
    ['-m', '--model (-m) needs a value: a path'],
    ['-m -s out', '--model (-m) needs a value: a path'],
    ['-qm -i 5', '--quant-mode (-qm) needs a value: "kl", "min_max", "mse", "percentile", "kl_v2", "all" or "auto"'],
    ['--json=yes', '--json takes no value, got "yes"'],
  ])('answers %s with the reason', (words, message) => {
    expect(() => translate(words.split(' '), quantFlags)).toThrow(message)
  })
})
