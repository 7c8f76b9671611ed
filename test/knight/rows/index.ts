// A check for every row of docs/knight.md.

import { foreignRows } from './foreign.js'
import { graphRows } from './graph.js'
import { modelRows } from './model.js'
import { quantizationRows } from './quantization.js'
import type { Rows } from './row.js'

export const rows: Rows = { ...modelRows, ...graphRows, ...quantizationRows, ...foreignRows }
