// The network as the chip runs it, laid out in layers by dagre; an operator is as dark as it loses by itself.

import { Graph as Layered, layout } from '@dagrejs/dagre'
import type { ComponentChildren } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import type { OperatorEntry } from '../../data/types.js'
import type { Report, Row } from '../model.js'
import { counted, fixed } from '../parts/format.js'
import { Scroll } from '../parts/scroll.js'

interface GraphProps {
  readonly report: Report
  readonly rows: readonly Row[]
}

export function Graph({ report, rows }: GraphProps) {
  const [isDrawn, setDrawn] = useState(false)
  return (
    <section aria-labelledby="graph">
      <details onToggle={(event) => setDrawn(event.currentTarget.open)}>
        <summary>
          <h2 id="graph">Graph</h2>
          <span class="quiet">
            {counted(report.operators.length, 'operator')}, redder where an operator loses more by itself
          </span>
        </summary>
        {isDrawn && <Drawing report={report} rows={rows} />}
      </details>
    </section>
  )
}

const [nodeWidth, nodeHeight] = [176, 34]

function Drawing({ report, rows }: GraphProps) {
  const { nodes, edges, width, height } = useMemo(() => arrange(report.operators), [report])
  const rowOf = useMemo(() => new Map(rows.map((row) => [row.tensor.name, row])), [rows])
  return (
    <Scroll class="graph" label="Graph of operators; the table of tensors has the same">
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        aria-label={`${nodes.length} operators from top to bottom`}
      >
        {edges.map(({ key, path }) => (
          <path key={key} d={path} class="edge" />
        ))}
        {nodes.map(({ operator, x, y }) => (
          <Node key={operator.name} operator={operator} x={x} y={y} row={rowOf.get(operator.outputs[0] ?? '')} />
        ))}
      </svg>
    </Scroll>
  )
}

interface NodeProps {
  readonly operator: OperatorEntry
  readonly x: number
  readonly y: number
  readonly row: Row | undefined
}

function Node({ operator, x, y, row }: NodeProps) {
  const loss = row?.ownSqnr == null ? 0 : Math.min(1, Math.max(0, (45 - row.ownSqnr) / 30))
  const level = row?.ownSqnr == null ? '' : `${fixed(row.ownSqnr, 1)} dB`
  const isSoftware = operator.reason !== null || row === undefined
  return (
    <Opening row={row}>
      <g
        class={isSoftware ? 'node software' : 'node'}
        transform={`translate(${x - nodeWidth / 2}, ${y - nodeHeight / 2})`}
      >
        <title>{`${operator.name}\n${operator.nodes.join(' › ')}${operator.reason === null ? '' : `\nin software: ${operator.reason}`}`}</title>
        <rect width={nodeWidth} height={nodeHeight} rx={4} class="paper" />
        <rect width={nodeWidth} height={nodeHeight} rx={4} class="loss" style={{ fillOpacity: loss * 0.75 }} />
        <text x={8} y={14} class="kind">
          {operator.nodes.join(' › ').slice(0, 24)}
        </text>
        <text x={8} y={27} class="title">
          {operator.name.length > 26 ? `…${operator.name.slice(-25)}` : operator.name}
        </text>
        <text x={nodeWidth - 8} y={14} class="level">
          {level}
        </text>
      </g>
    </Opening>
  )
}

/** The address of a row opens it. */
function Opening({ row, children }: { readonly row: Row | undefined; readonly children: ComponentChildren }) {
  return row === undefined ? children : <a href={`#tensor-${row.index}`}>{children}</a>
}

function arrange(operators: readonly OperatorEntry[]) {
  const graph = new Layered({ multigraph: false })
  graph.setGraph({ rankdir: 'TB', nodesep: 18, ranksep: 26, marginx: 12, marginy: 12 })
  graph.setDefaultEdgeLabel(() => ({}))
  const writer = new Map(operators.flatMap(({ outputs }, i) => outputs.map((name) => [name, i] as const)))
  for (const i of operators.keys()) graph.setNode(String(i), { width: nodeWidth, height: nodeHeight })
  for (const [i, { inputs }] of operators.entries()) {
    for (const name of inputs) {
      const from = writer.get(name)
      if (from !== undefined && from !== i) graph.setEdge(String(from), String(i))
    }
  }
  layout(graph)
  const nodes = operators.map((operator, i) => {
    const { x, y } = graph.node(String(i)) as { x: number; y: number }
    return { operator, x, y }
  })
  const edges = graph.edges().map((edge) => {
    const { points } = graph.edge(edge) as { points: { x: number; y: number }[] }
    return {
      key: `${edge.v}-${edge.w}`,
      path: points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join(''),
    }
  })
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return { nodes, edges, width, height }
}
