// `squire merge`: parts of one run into one file.

import { option } from '../../config/option.js'
import { flag, path } from '../../config/values.js'
import { SquireError } from '../../errors.js'
import { readCommandLine } from '../commandLine.js'
import type { Command } from './types.js'

const group = 'Options'

const options = {
  output: option(path('FILE'), { long: 'output', short: 'o', group, help: 'the merged part (required)' }),
  partial: option(flag, {
    long: 'partial',
    group,
    help: 'samples may be missing: the result is merged again later',
    fallback: false,
  }),
  allowMixed: option(flag, {
    long: 'allow-mixed',
    group,
    help: 'take parts of processors that round differently; the result then depends on which did which',
    fallback: false,
  }),
}

export const merge: Command = {
  usage: 'merge PARTS... -o FILE [options]',
  description:
    'Merges parts of `squire calibrate` or `squire evaluate`, in any order. The same samples give the same bytes.',
  options,
  async run(argv) {
    const { operands, values } = readCommandLine(argv, options)
    const { output, partial, allowMixed } = values
    if (operands.length === 0) throw new SquireError('USAGE', 'squire merge: which parts? Name at least one file.')
    if (output === undefined)
      throw new SquireError('USAGE', 'squire merge: where to? Give --output (-o), the file to write.')
    const [{ mergeFiles }, { barProgress, plainProgress }, { processTerminal }] = await Promise.all([
      import('../../shares/mergeFiles.js'),
      import('../../report/console/progress.js'),
      import('../../report/console/terminal.js'),
    ])
    const terminal = processTerminal()
    const progress = terminal.stderr.isTTY === true ? await barProgress(terminal) : plainProgress(terminal)
    const task = progress.start('merging', operands.length, 'parts')
    try {
      await mergeFiles(operands, output, { partial, allowMixed, onMerged: (done) => task.update(done) })
    } finally {
      task.finish()
      progress.stop()
    }
    process.stdout.write(`${output}: ${operands.length} parts\n`)
    return 0
  },
}
