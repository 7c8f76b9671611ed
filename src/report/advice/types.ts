// What a rule of advice is: from a report to what somebody should look at, worst first, each with the numbers that say so.

import type { AdviceEntry, Report } from '../data/report.js'

/** What rules read: the report before it has advice. */
export type Findings = Omit<Report, 'advice'>

export type Rule = (findings: Findings) => readonly Omit<AdviceEntry, 'rule'>[]
