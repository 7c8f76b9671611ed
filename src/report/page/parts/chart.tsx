// Observable Plot in a component: drawn again when its options or the room for it change.

import { type PlotOptions, plot } from '@observablehq/plot'
import { useEffect, useRef, useState } from 'preact/hooks'

interface ChartProps {
  /** What a screen reader says of it; the numbers themselves are in a table. */
  readonly label: string
  readonly options: (width: number) => PlotOptions
  /** Called with the datum under the pointer when it is clicked. */
  readonly onPick?: (datum: unknown) => void
}

export function Chart({ label, options, onPick }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)))
    observer.observe(frame.current!)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (width === 0) return
    const figure = plot({ ...options(width), width })
    // The label says what there is to say of it.
    figure.setAttribute('aria-hidden', 'true')
    frame.current!.replaceChildren(figure)
    if (onPick === undefined) return
    const pick = () => {
      const { value } = figure as unknown as { value: unknown }
      if (value !== null && value !== undefined) onPick(value)
    }
    figure.addEventListener('click', pick)
  }, [width, options, onPick])
  return <div class="chart" ref={frame} role="img" aria-label={label} />
}
