// The page of one run.

import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { firstShown, type Report, type RunFacts, rowsOf } from './model.js'
import { Depth } from './network/depth.js'
import { Graph } from './network/graph.js'
import { Tensors } from './tensors/tensors.js'
import { Facts } from './verdict/facts.js'
import { Verdict } from './verdict/verdict.js'

export function App({ report, run }: { readonly report: Report; readonly run: RunFacts | null }) {
  const [shownIndex, setShownIndex] = useState(() => firstShown(report))
  const [opened, setOpened] = useState<number | undefined>(openedInAddress)
  const shown = report.quantizations[shownIndex]
  const rows = useMemo(() => (shown === undefined ? [] : rowsOf(report, shown)), [report, shown])
  useEffect(() => {
    const follow = () => setOpened(openedInAddress())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  const open = useCallback((tensor: number | undefined) => {
    history.replaceState(null, '', tensor === undefined ? '#' : `#tensor-${tensor}`)
    setOpened(tensor)
  }, [])
  const jump = useCallback(
    (tensor: number) => {
      open(tensor)
      requestAnimationFrame(() => document.getElementById(`tensor-${tensor}`)?.scrollIntoView({ block: 'start' }))
    },
    [open],
  )
  return (
    <>
      <Verdict report={report} rows={rows} shown={shown} onOpen={jump} onShow={setShownIndex} />
      {shown !== undefined && shown.compared > 0 && (
        <Depth rows={rows} ownCosine={shown.own.cosine} selected={opened} compared={shown.compared} onOpen={jump} />
      )}
      {shown !== undefined && <Tensors report={report} rows={rows} shown={shown} opened={opened} onOpen={open} />}
      {shown !== undefined && <Graph report={report} rows={rows} />}
      <Facts report={report} run={run} />
    </>
  )
}

function openedInAddress(): number | undefined {
  const found = /^#tensor-(\d+)$/.exec(location.hash)
  return found === null ? undefined : Number(found[1])
}
