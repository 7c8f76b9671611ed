// The three files of a report.

import type { Report, RunFacts } from './data/report.js'
import { reportHtml } from './html.js'
import { reportJson } from './json.js'

/** File name -> content: report.json for machines, run.json with what is different each time, report.html with both for people. */
export async function reportFiles(report: Report, run: RunFacts): Promise<Map<string, string>> {
  const json = reportJson(report)
  const facts = `${JSON.stringify(run, undefined, 2)}\n`
  return new Map([
    ['report.json', json],
    ['run.json', facts],
    ['report.html', await reportHtml([json], [facts])],
  ])
}
