// `squire report`: the report of a run, made again from its report.json; of two runs, side by side.

import { join, resolve } from 'node:path'
import { option } from '../../config/option.js'
import { path } from '../../config/values.js'
import { SquireError } from '../../errors.js'
import { readCommandLine } from '../commandLine.js'
import { print } from '../print.js'
import type { Command } from './types.js'

const options = {
  saveDir: option(path('DIR'), {
    long: 'save-dir',
    short: 's',
    group: 'Model and output',
    help: 'where to write report.html (default: the folder of the run; of two runs: the working folder)',
  }),
} as const

export const report: Command = {
  usage: 'report DIR | DIR_A DIR_B [options]',
  description: 'Makes report.html from the report.json of a run, or shows two runs side by side.',
  options,
  epilogue: `
Examples:
  squire report out
  squire report before after -s changes
`,
  async run(argv) {
    const { operands, values } = readCommandLine(argv, options)
    const [first, second, ...rest] = operands
    if (first === undefined || rest.length > 0) {
      throw new SquireError(
        'USAGE',
        'squire report: expected the folder of a run, or of two, as in\n  squire report out',
      )
    }
    const { rebuiltReport } = await import('../../report/rebuild.js')
    const { saveAll } = await import('../../files/save.js')
    const folders = second === undefined ? [first] : [first, second]
    const html = await rebuiltReport(folders.map((folder) => resolve(folder)))
    const target = values.saveDir ?? (second === undefined ? resolve(first) : process.cwd())
    await saveAll(target, new Map([['report.html', html]]))
    return print(`${join(target, 'report.html')}\n`)
  },
}
