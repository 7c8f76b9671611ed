// One Arrow or Parquet file as squire reads it: in groups of rows (record batches, row groups), only the columns asked for.

export interface TableColumn {
  readonly name: string
  /** bytes: encoded images, also { bytes } structs; list: numbers of one sample; scalar: numbers, text; other: nothing squire reads. */
  readonly kind: 'bytes' | 'list' | 'scalar' | 'other'
}

export interface TableFile {
  readonly columns: readonly TableColumn[]
  /** Number of rows of each group. */
  readonly groups: readonly number[]
  readGroup(group: number, columns: readonly string[]): Promise<TableGroup>
}

/** Rows in memory. */
export interface TableGroup {
  /** Bytes as Uint8Array, lists as arrays or typed arrays, scalars as number, bigint or string; null where empty. */
  cell(column: string, row: number): unknown
}
