// From the words of the command line to one frozen, fully filled Config: the checks that need more than one option are here.

import { resolve } from 'node:path'
import { type Config, type ImageOptions, quantModes } from '../config.js'
import { listed, SquireError } from '../errors.js'
import { chipProfile, requireBitWidth } from '../fixedpoint/chip.js'
import { display, type FlagName, type FlagValues, frameworks } from './flags.js'
import { nearest } from './nearest.js'
import type { CommandLine } from './program.js'

/** Throws a USAGE error for a command or a combination of options that squire does not run. */
export function configure({ operands, values }: CommandLine): Config {
  checkCommand(operands)
  checkFramework(values.framework, display('framework'))
  if (values.model === undefined) {
    throw new SquireError(
      'USAGE',
      'the model is missing: give it with --model (-m), as in\n  squire quant -m model.onnx -d images/ -i 100 -s out',
    )
  }
  requireBitWidth(chipProfile(values.chip), values['bit-width'])
  if (values['generate-scale-json'] && values['run-mode'] !== 'quant') {
    throw new SquireError('USAGE', `${display('generate-scale-json')} works with --run-mode quant only`)
  }
  return deepFreeze({
    chip: values.chip,
    runMode: values['run-mode'],
    model: resolve(values.model),
    saveDir: resolve(values['save-dir']),
    inferFunction: values['infer-func'],
    userScript: values['user-defined-script'] === undefined ? undefined : resolve(values['user-defined-script']),
    data: values.data,
    modes: quantModes.filter((mode) => values['quant-mode'].some((given) => given === mode || given === 'all')),
    percent: values.percent,
    iterations: iterations(values),
    evalIteration: values['eval-iteration'],
    batchSize: values['batch-size'],
    bitWidth: values['bit-width'],
    cpuNum: values['cpu-num'],
    cacheDistribution: values['cache-distribution'] === undefined ? undefined : resolve(values['cache-distribution']),
    outputDequant: values['output-dequant'],
    logLevel: values['log-level'] as Config['logLevel'],
    image: imageOptions(values),
    selection: { samples: values.samples, perClass: values['per-class'], seed: values.seed },
    onBadSample: values['on-bad-sample'],
    resume: values.resume,
    json: values.json,
  })
}

/** A draw of samples is a wish to calibrate on them; else Knight's default. */
function iterations({ iteration, samples, 'per-class': perClass }: FlagValues): Config['iterations'] {
  const given = iteration ?? (samples === undefined && perClass === undefined ? [1] : ['all' as const])
  const counts = given.filter((count) => count !== 'all')
  if (counts.length === given.length) return [...new Set(counts)].sort((a, b) => a - b)
  if (given.length === 1) return 'all'
  throw new SquireError('USAGE', `${display('iteration')}: "all" stands alone, got ${given.join(' ')}`)
}

function checkCommand([command, framework, ...rest]: readonly string[]): void {
  const example = 'squire quant -m model.onnx -d images/ -i 100 -s out'
  if (command === undefined)
    throw new SquireError('USAGE', `the command is missing: expected "quant", as in\n  ${example}`)
  if (command !== 'quant') {
    throw new SquireError('USAGE', `unknown command "${command}": expected "quant", as in\n  ${example}`)
  }
  if (framework !== undefined) checkFramework(framework, '`squire quant`')
  if (rest.length > 0) throw new SquireError('USAGE', `unexpected "${rest[0]}" after \`squire quant ${framework}\``)
}

/** How each framework writes ONNX itself. */
const exporters: Readonly<Record<string, string>> = {
  pytorch: 'export the model with torch.onnx.export(model, inputs, "model.onnx")',
  paddle: 'export the model with paddle2onnx --model_dir DIR --save_file model.onnx',
  tensorflow: 'export the model with python -m tf2onnx.convert --saved-model DIR --output model.onnx',
  caffe: 'Caffe has no exporter of its own: convert the model with caffe2onnx',
}

function checkFramework(framework: string, where: string): void {
  if (framework === 'onnx') return
  const exporter = exporters[framework]
  if (exporter !== undefined) {
    throw new SquireError(
      'USAGE',
      `${where}: squire reads ONNX models only, not ${framework}: ${exporter}, then pass it with -m`,
    )
  }
  const near = nearest(framework, frameworks)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  throw new SquireError('USAGE', `${where}: expected ${listed(['onnx'])}, got "${framework}"${hint}`)
}

function imageOptions(values: FlagValues): ImageOptions {
  const [mean, std] = [values['image-mean'], values['image-std']]
  if ((mean === undefined) !== (std === undefined)) {
    const [given, missing] = mean === undefined ? ['image-std', 'image-mean'] : ['image-mean', 'image-std']
    throw new SquireError('USAGE', `--${given} needs --${missing} too: give both or neither`)
  }
  const channels = values['color-space'] === 'GRAY' ? 1 : 3
  for (const name of ['image-mean', 'image-std'] as const satisfies readonly FlagName[]) {
    const given = values[name]?.length
    if (given === undefined || given === 1 || given === channels) continue
    const expected = channels === 1 ? '1 value' : `1 value or ${channels}`
    throw new SquireError(
      'USAGE',
      `--${name}: expected ${expected} for --color-space ${values['color-space']}, got ${given}`,
    )
  }
  return { colorSpace: values['color-space'], mean, std, paddingConstantValue: values['padding-constant-value'] }
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}
