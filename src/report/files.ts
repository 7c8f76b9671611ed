// The three files of a report. report.json is the last to be written in a run: where it is there, all of the run's files are.

import type { Report, RunFacts } from './data/report.js'
import { reportHtml } from './html.js'
import { reportJson } from './json.js'

/** File name -> content: run.json with what is different each time, report.html with both for people, report.json for machines. */
export async function reportFiles(report: Report, run: RunFacts): Promise<Map<string, string>> {
  const json = reportJson(report)
  const facts = `${JSON.stringify(run, undefined, 2)}\n`
  return new Map([
    ['run.json', facts],
    ['report.html', await reportHtml([json], [facts])],
    ['report.json', json],
  ])
}
