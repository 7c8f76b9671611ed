// Parquet files, read by row group. Where the file has a page index, only the pages of a few rows are read at a time.

import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { complaintOf, SquireError } from '../../../errors.js'
import { withRegularFile } from '../../../files/regularFile.js'
import { readRange } from '../fingerprint.js'
import type { TableColumn, TableFile } from './tableFile.js'

/** Rows read at a time from a file with a page index, whose row groups may be as large as the file. */
const ROWS_AT_A_TIME = 64

/** @throws SquireError DATA when the file is not in Parquet format */
export async function openParquetFile(path: string): Promise<TableFile> {
  const metadata = await withBuffer(path, (buffer) =>
    parquetMetadataAsync(buffer).catch((cause: unknown) => {
      throw new SquireError('DATA', `is not in Parquet format, or is cut short: ${complaintOf(cause)}`, { cause })
    }),
  )
  const groups = rowGroups(metadata)
  const starts = groups.map((_, i) => groups.slice(0, i).reduce((sum, rows) => sum + rows, 0))
  return {
    columns: parquetSchema(metadata).children.map(columnOf),
    groups,
    async readGroup(group, columns) {
      const rowStart = starts[group]!
      const rowEnd = rowStart + groups[group]!
      const rows = await withBuffer(path, (file) =>
        parquetReadObjects({
          file,
          metadata,
          rowStart,
          rowEnd,
          columns: [...columns],
          compressors,
          utf8: false,
          useOffsetIndex: true,
        }),
      )
      return { cell: (column, row) => cellOf(rows[row]?.[column]) }
    },
  }
}

function rowGroups(metadata: FileMetaData): number[] {
  return metadata.row_groups.flatMap((group) => {
    const rows = Number(group.num_rows)
    // A row has a value in every column at least.
    const values = group.columns.map(({ meta_data: column }) => Number(column?.num_values ?? 0))
    if (rows < 0 || values.some((count) => count < rows)) {
      throw new SquireError(
        'DATA',
        `is damaged: a row group of ${rows} rows has a column of ${Math.min(...values)} values`,
      )
    }
    if (!group.columns.every((column) => column.offset_index_offset !== undefined)) return rows
    return Array.from({ length: Math.ceil(rows / ROWS_AT_A_TIME) }, (_, i) =>
      Math.min(ROWS_AT_A_TIME, rows - i * ROWS_AT_A_TIME),
    )
  })
}

function columnOf({ element, children }: SchemaTree): TableColumn {
  const { name, type, converted_type: converted, logical_type: logical } = element
  const isList = converted === 'LIST' || logical?.type === 'LIST'
  if (isList) return { name, kind: 'list' }
  if (children.length > 0) {
    return { name, kind: children.some((child) => child.element.name === 'bytes') ? 'bytes' : 'other' }
  }
  const text = converted === 'UTF8' || logical?.type === 'STRING'
  if (type === 'BYTE_ARRAY' && !text) return { name, kind: 'bytes' }
  return { name, kind: text || type === 'INT32' || type === 'INT64' ? 'scalar' : 'other' }
}

function cellOf(value: unknown): unknown {
  return Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : (value ?? null)
}

function withBuffer<T>(path: string, use: (buffer: AsyncBuffer) => Promise<T>): Promise<T> {
  return withRegularFile(path, async (file) => {
    const { size } = await file.stat()
    const reads: Promise<ArrayBuffer>[] = []
    const slice = (start: number, end = size): Promise<ArrayBuffer> => {
      const read = readRange(file, start, end - start).then(({ buffer }) => buffer as ArrayBuffer)
      // Whoever asked may never look at it: a failure that nobody awaits would end the process.
      read.catch(() => {})
      reads.push(read)
      return read
    }
    try {
      return await use({ byteLength: size, slice })
    } finally {
      // Where a column cannot be read, hyparquet waits for no other: the file stays open until all have been.
      await Promise.allSettled(reads)
    }
  })
}
