// Arrow and Parquet files as samples: one row a sample, in the order of the file names. A row's inputs are a column of encoded images or
// one of numbers; `label` is its class and `id`, where there is such a column, its name.

import path from 'node:path'
import { complaintOf, listed, SquireError } from '../../../errors.js'
import type { ElementType, TensorData } from '../../../onnx/types.js'
import { isShortage } from '../../../shortage.js'
import { MAX_SAMPLES, numberedId } from '../../opened.js'
import type { Preprocessing, TableContents, TableFormat } from '../../source.js'
import { tensorFor } from '../../tensors/convert.js'
import { elementCount, elementTypeOf, elementTypeOfArray, isFloat } from '../../tensors/elements.js'
import { shown } from '../../tensors/inputTensor.js'
import type { ModelInput, TensorLike } from '../../types.js'
import { fileFingerprint } from '../fingerprint.js'
import { decodeImage, imageLayout } from '../image/decode.js'
import { toLabel } from '../label.js'
import { NameTableBuilder, openNames } from '../listing/nameTable.js'
import { RecentlyUsed } from '../recentlyUsed.js'
import type { Reader } from '../types.js'
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

/** Their libraries are loaded when first needed: most runs read no tables. */
const openers: Readonly<Record<TableFormat, (file: string) => Promise<TableFile>>> = {
  arrow: async (file) => (await import('./arrowFile.js')).openArrowFile(file),
  parquet: async (file) => (await import('./parquetFile.js')).openParquetFile(file),
}

async function openTable(file: string, format: TableFormat): Promise<TableFile> {
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

async function* columnOf(table: TableFile, column: string): AsyncGenerator<unknown> {
  for (const [group, rows] of table.groups.entries()) {
    const values = await table.readGroup(group, [column])
    for (let row = 0; row < rows; row++) yield values.cell(column, row)
  }
}

/** Turns a column's cells into tensors for one input. */
function cellReader(
  input: ModelInput,
  image: Preprocessing,
): (cell: unknown, column: string) => TensorLike | Promise<TensorLike> {
  let layout: ReturnType<typeof imageLayout> | undefined
  return (cell, column) => {
    const bytes = bytesOf(cell)
    if (bytes !== undefined) {
      layout ??= imageLayout(input, image)
      return decodeImage(bytes, layout)
    }
    const values = numbersOf(cell, elementTypeOf(input.dataType))
    if (values === undefined) throw new SquireError('DATA', `column "${column}" is empty or holds no numbers`)
    const dims = input.dims.map((dim, axis) => (axis === 0 ? 1 : dim))
    if (!dims.every((dim) => typeof dim === 'number')) {
      throw new SquireError(
        'DATA',
        `lists cannot feed input "${input.name}" with dims ${shown(input.dims)}: they have no shape. Use .npy files`,
      )
    }
    if (values.data.length !== elementCount(dims)) {
      throw new SquireError(
        'DATA',
        `column "${column}" has ${values.data.length} numbers, expected ${elementCount(dims)} for dims ${shown(dims)}`,
      )
    }
    return tensorFor(input, values.type, dims, values.data)
  }
}

function bytesOf(cell: unknown): Uint8Array | undefined {
  const bytes = cell instanceof Uint8Array ? cell : (cell as { bytes?: unknown } | null)?.bytes
  return bytes instanceof Uint8Array ? bytes : undefined
}

function numbersOf(
  cell: unknown,
  wanted: ElementType | undefined,
): { type: ElementType; data: TensorData } | undefined {
  const type = elementTypeOfArray(cell)
  if (type !== undefined) return { type, data: cell as TensorData }
  if (!Array.isArray(cell)) return undefined
  if (cell.every((value) => typeof value === 'bigint'))
    return { type: 'int64', data: BigInt64Array.from(cell as bigint[]) }
  if (!cell.every((value) => typeof value === 'number')) return undefined
  const whole = wanted !== undefined && !isFloat(wanted) && cell.every(Number.isInteger)
  return whole
    ? { type: 'int64', data: BigInt64Array.from(cell as number[], BigInt) }
    : { type: 'float64', data: Float64Array.from(cell as number[]) }
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
