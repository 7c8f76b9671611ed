// Arrow and Parquet files as samples: one row a sample, in the order of the file names. A row's inputs are a column of encoded images or
// one of numbers; `label` is its class and `id`, where there is such a column, its name.

import path from 'node:path'
import { listed, SquireError } from '../../../errors.js'
import { numberedId } from '../../opened.js'
import type { Preprocessing, TableContents, TableFormat } from '../../source.js'
import type { ModelInput, TensorLike } from '../../types.js'
import { fileFingerprint } from '../fingerprint.js'
import { toLabel } from '../label.js'
import { NameTableBuilder, openNames } from '../listing/nameTable.js'
import { RecentlyUsed } from '../recentlyUsed.js'
import type { Reader } from '../types.js'
import { cellReader } from './cells.js'
import { columnOf, openTable } from './openTable.js'
import type { TableColumn, TableFile, TableGroup } from './tableFile.js'

/** Groups of rows kept in memory: the one being read, and the one that loading ahead has reached. */
const GROUPS_KEPT = 2

const labelNames = ['label', 'labels']

/** Finds out which columns hold what. @throws SquireError DATA when a table is unreadable, or lacks a column that the others have */
export async function inspectTables(
  paths: readonly string[],
  format: TableFormat,
  inputs: readonly ModelInput[],
): Promise<TableContents> {
  const files: { path: string; rows: number }[] = []
  const ids = new NameTableBuilder()
  let found: ReturnType<typeof columnRoles> | undefined
  for (const file of paths) {
    const table = await openTable(file, format)
    const roles = columnRoles(file, table.columns, inputs)
    found ??= roles
    if (JSON.stringify(roles) !== JSON.stringify(found)) {
      throw new SquireError('DATA', `${file} has other columns than ${paths[0]}: expected the same in every file`)
    }
    files.push({ path: file, rows: sum(table.groups) })
    if (roles.idColumn === undefined) continue
    for await (const id of columnOf(table, roles.idColumn)) {
      if (id === null || id === undefined) throw new SquireError('DATA', `${file} has a row without an id`)
      ids.add(String(id))
    }
  }
  const { idColumn, ...roles } = found!
  const table = idColumn === undefined ? undefined : ids.build()
  return { kind: 'table', format, files, size: sum(files.map(({ rows }) => rows)), ...roles, ids: table }
}

export function openTables(contents: TableContents, inputs: readonly ModelInput[], image: Preprocessing): Reader {
  const { files, format, labelColumn } = contents
  const runs = files.map(({ rows }) => rows)
  const ids = contents.ids === undefined ? undefined : openNames(contents.ids)
  const tables = new RecentlyUsed<TableFile>(64)
  const groups = new RecentlyUsed<TableGroup>(GROUPS_KEPT)
  const prints = new RecentlyUsed<string>(files.length)
  const tensors = inputs.map((input) => ({
    input,
    column: contents.inputs[input.name]!,
    toTensor: cellReader(input, image),
  }))
  const columns = [
    ...new Set([...tensors.map(({ column }) => column), ...(labelColumn === undefined ? [] : [labelColumn])]),
  ]

  const rowAt = async (index: number) => {
    const { run: file, row } = locate(runs, index)
    const table = await tables.get(files[file]!.path, () => openTable(files[file]!.path, format))
    const { run: group, row: rowInGroup } = locate(table.groups, row)
    const values = await groups.get(`${file}:${group}`, () => table.readGroup(group, columns))
    return (column: string) => values.cell(column, rowInGroup)
  }

  return {
    size: contents.size,
    labelled: labelColumn !== undefined,
    id(index) {
      if (ids !== undefined) return ids.at(index)
      if (files.length === 1) return numberedId(index)
      const { run: file, row } = locate(runs, index)
      return `${path.basename(files[file]!.path)}/${numberedId(row)}`
    },
    async read(index) {
      const cell = await rowAt(index)
      const values: Record<string, TensorLike> = {}
      for (const { input, column, toTensor } of tensors) values[input.name] = await toTensor(cell(column), column)
      return labelColumn === undefined ? { inputs: values } : { inputs: values, label: toLabel(cell(labelColumn)) }
    },
    async classes() {
      const labels = new Int32Array(contents.size)
      let index = 0
      for (const { path: file } of files) {
        const table = await openTable(file, format)
        for await (const label of columnOf(table, labelColumn!)) labels[index++] = toLabel(label)
      }
      return (at) => labels[at]!
    },
    async fingerprint(index) {
      const { run: file, row } = locate(runs, index)
      return `${await prints.get(String(file), () => fileFingerprint(files[file]!.path))}:${row}`
    },
    async close() {
      groups.clear()
      tables.clear()
    },
  }
}

function columnRoles(file: string, columns: readonly TableColumn[], inputs: readonly ModelInput[]) {
  const byName = (name: string) => columns.find((column) => column.name === name)
  const labelColumn = labelNames.find((name) => byName(name)?.kind === 'scalar')
  const data = columns.filter(({ kind }) => kind === 'bytes' || kind === 'list')
  const roles: Record<string, string> = {}
  for (const { name } of inputs) {
    const column =
      data.find((candidate) => candidate.name === name) ??
      (inputs.length === 1 && data.length === 1 ? data[0] : undefined)
    if (column === undefined) {
      throw new SquireError(
        'DATA',
        `${file} has no column for input "${name}": expected one of this name, or a single one, with encoded images or lists of numbers; it has ${listed(
          data.map((one) => one.name),
          'and',
        )} of ${columns.length} columns`,
      )
    }
    roles[name] = column.name
  }
  return { inputs: roles, labelColumn, idColumn: byName('id')?.kind === 'scalar' ? 'id' : undefined }
}

/** Which run of rows holds row `index`, and where in it. */
function locate(runs: readonly number[], index: number): { run: number; row: number } {
  let row = index
  let run = 0
  while (row >= runs[run]!) row -= runs[run++]!
  return { run, row }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
