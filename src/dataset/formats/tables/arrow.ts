// Arrow IPC files and streams: one sample a row.

import type { Format } from '../types.js'
import { inspectTables } from './tables.js'

export const arrow: Format = {
  name: 'arrow',
  extensions: ['.arrow', '.feather'],
  rows: { inspect: (files, inputs) => inspectTables(files, 'arrow', inputs) },
}
