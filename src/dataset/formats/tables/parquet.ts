// Parquet files: one sample a row.

import type { Format } from '../types.js'
import { inspectTables } from './tables.js'

export const parquet: Format = {
  name: 'parquet',
  extensions: ['.parquet'],
  rows: { inspect: (files, inputs) => inspectTables(files, 'parquet', inputs) },
}
