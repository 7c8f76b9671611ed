// The table of tensors: searched, sorted, each row opens.

import { Fragment } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import type { QuantizationEntry } from '../../data/types.js'
import type { Report, Row } from '../model.js'
import { cosineText, fixed, percent } from '../parts/format.js'
import { Scroll } from '../parts/scroll.js'
import { Detail } from './detail.js'

interface TensorsProps {
  readonly report: Report
  readonly rows: readonly Row[]
  readonly shown: QuantizationEntry
  readonly opened: number | undefined
  readonly onOpen: (tensor: number | undefined) => void
}

interface Column {
  readonly key: string
  readonly text: string
  readonly about: string
  readonly value: (row: Row) => number | string | null
  readonly show: (row: Row) => string
  readonly wide?: true
}

const columns: readonly Column[] = [
  {
    key: 'index',
    text: '#',
    about: 'place in the network',
    value: (row) => row.index,
    show: (row) => String(row.index),
  },
  { key: 'name', text: 'tensor', about: 'name', value: (row) => row.tensor.name, show: (row) => row.tensor.name },
  {
    key: 'kind',
    text: 'operator',
    about: 'kind of operator',
    value: (row) => row.kind,
    show: (row) => row.kind,
    wide: true,
  },
  {
    key: 'own',
    text: 'alone',
    about: 'SQNR of the operator alone, dB',
    value: (row) => row.ownSqnr,
    show: (row) => fixed(row.ownSqnr, 1),
  },
  {
    key: 'sqnr',
    text: 'gathered',
    about: 'SQNR gathered so far, dB',
    value: (row) => row.sqnr,
    show: (row) => fixed(row.sqnr, 1),
  },
  {
    key: 'cosine',
    text: 'cosine',
    about: 'cosine, gathered',
    value: (row) => row.cosine,
    show: (row) => cosineText(row.cosine),
    wide: true,
  },
  {
    key: 'mre',
    text: 'MRE',
    about: 'relative error, gathered',
    value: (row) => row.mre,
    show: (row) => percent(row.mre),
    wide: true,
  },
  {
    key: 'clipped',
    text: 'clipped',
    about: 'share of values beyond the range',
    value: (row) => row.clipped,
    show: (row) => percent(row.clipped),
    wide: true,
  },
  {
    key: 'codes',
    text: 'codes',
    about: 'share of codes used',
    value: (row) => row.codesUsed,
    show: (row) => percent(row.codesUsed),
    wide: true,
  },
]

const textColumns: ReadonlySet<string> = new Set(['name', 'kind'])

export function Tensors({ report, rows, shown, opened, onOpen }: TensorsProps) {
  const [query, setQuery] = useState('')
  const [kind, setKind] = useState('')
  const [sort, setSort] = useState({ key: 'index', down: false })
  const kinds = useMemo(() => [...new Set(rows.map((row) => row.kind))].sort(), [rows])
  const found = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean)
    const matches = rows.filter((row) => {
      const text = `${row.tensor.name} ${row.operator} ${row.kind}`.toLowerCase()
      return (kind === '' || row.kind === kind) && words.every((word) => text.includes(word))
    })
    return sorted(matches, sort.key, sort.down)
  }, [rows, query, kind, sort])
  return (
    <section aria-labelledby="tensors">
      <div class="title">
        <h2 id="tensors">Tensors</h2>
        <div class="filters">
          <input
            type="search"
            aria-label="Search tensors and operators"
            placeholder="Search"
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
          <select aria-label="Kind of operator" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <option value="">every kind</option>
            {kinds.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
          <output>
            {found.length} of {rows.length}
          </output>
        </div>
      </div>
      <Scroll label="Table of tensors">
        <table class="tensors">
          <thead>
            <tr>
              {columns.map((column) => (
                <Heading key={column.key} column={column} sort={sort} onSort={setSort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {found.map((row) => (
              <Fragment key={row.index}>
                <tr id={`tensor-${row.index}`} class={row.index === opened ? 'shown' : ''}>
                  {columns.map((column) => (
                    <Cell key={column.key} column={column} row={row} isOpen={row.index === opened} onOpen={onOpen} />
                  ))}
                </tr>
                {row.index === opened && (
                  <tr class="opened">
                    <td colSpan={columns.length}>
                      <Detail report={report} index={row.index} shown={shown} />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  )
}

interface Sort {
  readonly key: string
  readonly down: boolean
}

function Heading({
  column,
  sort,
  onSort,
}: {
  readonly column: Column
  readonly sort: Sort
  readonly onSort: (sort: Sort) => void
}) {
  const isSorted = sort.key === column.key
  const direction = isSorted ? (sort.down ? 'descending' : 'ascending') : 'none'
  return (
    <th scope="col" aria-sort={direction} class={classOf(column)} title={column.about}>
      <button type="button" onClick={() => onSort({ key: column.key, down: isSorted && !sort.down })}>
        {column.text}
        <span aria-hidden="true">{isSorted ? (sort.down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  )
}

interface CellProps {
  readonly column: Column
  readonly row: Row
  readonly isOpen: boolean
  readonly onOpen: TensorsProps['onOpen']
}

function Cell({ column, row, isOpen, onOpen }: CellProps) {
  if (column.key !== 'name') {
    const bar =
      column.key === 'own' || column.key === 'sqnr' ? <Level value={column.value(row) as number | null} /> : null
    return (
      <td class={classOf(column)}>
        {bar}
        {column.show(row)}
      </td>
    )
  }
  return (
    <th scope="row" class="name">
      <button type="button" class="link" aria-expanded={isOpen} onClick={() => onOpen(isOpen ? undefined : row.index)}>
        {row.tensor.name}
      </button>
    </th>
  )
}

const BEST = 50

/** A bar as long as there is noise. */
function Level({ value }: { readonly value: number | null }) {
  if (value === null) return null
  const width = Math.round((100 * (BEST - Math.min(BEST, Math.max(0, value)))) / BEST)
  return <span class="level" style={{ width: `${width * 0.36}px` }} />
}

function classOf({ key, wide }: Column): string {
  return [textColumns.has(key) ? '' : 'number', wide === true ? 'wide' : ''].filter(Boolean).join(' ')
}

/** What has no value comes last, whichever the direction. */
function sorted(rows: readonly Row[], key: string, down: boolean): Row[] {
  const { value } = columns.find((column) => column.key === key)!
  const sign = down ? -1 : 1
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)]
    if (left === null || right === null) return left === right ? a.index - b.index : left === null ? 1 : -1
    if (left === right) return a.index - b.index
    return left < right ? -sign : sign
  })
}
