// A table file of either format, behind one interface; whatever is wrong with it is told with its name.

import { complaintOf, SquireError } from '../../../errors.js'
import { isShortage } from '../../../shortage.js'
import { MAX_SAMPLES } from '../../opened.js'
import type { TableFormat } from '../../source.js'
import type { TableFile } from './tableFile.js'

/** Their libraries are loaded when first needed: most runs read no tables. */
const openers: Readonly<Record<TableFormat, (file: string) => Promise<TableFile>>> = {
  arrow: async (file) => (await import('./arrowFile.js')).openArrowFile(file),
  parquet: async (file) => (await import('./parquetFile.js')).openParquetFile(file),
}

/** @throws SquireError DATA for a damaged file; reading from what it gives throws the same */
export async function openTable(file: string, format: TableFormat): Promise<TableFile> {
  const refuse = (error: unknown): never => {
    if (isShortage(error)) throw error
    const problem = error instanceof SquireError ? error.message : `is damaged: ${complaintOf(error)}`
    throw new SquireError('DATA', `${file} ${problem}`, { cause: error })
  }
  const table = await openers[format](file).catch(refuse)
  if (!table.columns.every(({ name }) => typeof name === 'string')) refuse(new Error('it has a column without a name'))
  // Before ids and labels are read, row by row.
  const odd = table.groups.find((rows) => !Number.isSafeInteger(rows) || rows < 0 || rows > MAX_SAMPLES)
  if (odd !== undefined) refuse(new Error(`it has a group of ${odd} rows, expected 0 to ${MAX_SAMPLES}`))
  return {
    ...table,
    async readGroup(group, columns) {
      const { cell } = await table.readGroup(group, columns).catch(refuse)
      return {
        cell(column, row) {
          try {
            return cell(column, row)
          } catch (error) {
            return refuse(error)
          }
        },
      }
    },
  }
}

/** The cells of one column, row by row. */
export async function* columnOf(table: TableFile, column: string): AsyncGenerator<unknown> {
  for (const [group, rows] of table.groups.entries()) {
    const values = await table.readGroup(group, [column])
    for (let row = 0; row < rows; row++) yield values.cell(column, row)
  }
}
