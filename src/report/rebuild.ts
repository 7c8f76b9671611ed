// Reports from the files of runs.

import { join } from 'node:path'
import { parseJson } from '../config/json.js'
import { fileProblem, SquireError } from '../errors.js'
import { readRegularText } from '../files/regularFile.js'
import { reportHtml } from './html.js'

/** report.html of one run, or of two to be compared. @throws SquireError CONFIG for a folder without a whole report.json */
export async function rebuiltReport(folders: readonly string[]): Promise<string> {
  const reports = await Promise.all(folders.map((folder) => readReport(join(folder, 'report.json'))))
  const runs = await Promise.all(folders.map((folder) => readRun(join(folder, 'run.json'))))
  return reportHtml(reports, runs)
}

/** What a report shows where it is there. @throws SquireError CONFIG for a damaged file */
async function readRun(file: string): Promise<string | undefined> {
  const text = await readRegularText(file).catch(() => undefined)
  return text === undefined ? undefined : JSON.stringify(await parseJson(text, file))
}

async function readReport(file: string): Promise<string> {
  const advice = 'Give the folder that squire quant wrote; one without it is of a run that was killed.'
  let text: string
  try {
    text = await readRegularText(file)
  } catch (error) {
    throw new SquireError('CONFIG', `cannot read ${file}: ${fileProblem(error)}. ${advice}`)
  }
  const content = await parseJson(text, file)
  const isReport =
    typeof content === 'object' &&
    content !== null &&
    ['tensors', 'quantizations', 'versions'].every((key) => key in content)
  if (!isReport)
    throw new SquireError(
      'CONFIG',
      `${file} is no report of this version of squire: it lacks its layers or its versions. ${advice}`,
    )
  return JSON.stringify(content)
}
