// The largest weight of every output channel: where channels differ much, the chip's shared shift costs the small ones.

import { axisX, axisY, barY, gridY, type PlotOptions, pointerX, ruleY, tip } from '@observablehq/plot'
import { useCallback } from 'preact/hooks'
import { Chart } from '../parts/chart.js'
import { short } from '../parts/format.js'

export function Channels({ name, ranges }: { readonly name: string; readonly ranges: readonly number[] }) {
  const options = useCallback((width: number) => channelOptions(ranges, width), [ranges])
  const [least, most] = [Math.min(...ranges.filter((range) => range > 0)), Math.max(...ranges)]
  return (
    <>
      <Chart
        label={`Largest weight of each channel of ${name}, ${short(least)} to ${short(most)}.`}
        options={options}
      />
      <p class="quiet">
        {ranges.length} channels, largest weights {short(least)} to {short(most)}: a ratio of {short(most / least)}.
      </p>
    </>
  )
}

function channelOptions(ranges: readonly number[], width: number): PlotOptions {
  const channels = ranges.map((range, channel) => ({ channel, range }))
  const above = channels.filter(({ range }) => range > 0)
  return {
    height: 120,
    marginLeft: 44,
    marginRight: 8,
    style: { background: 'transparent', fontFamily: 'inherit', fontSize: '11px' },
    x: { domain: channels.map(({ channel }) => channel), padding: 0.15 },
    marks: [
      gridY({ stroke: 'var(--rule)', strokeOpacity: 1, ticks: 3 }),
      axisY({ label: 'largest |weight|', tickSize: 0, ticks: 3 }),
      axisX({ label: 'channel', tickSize: 0, ticks: everyNth(channels.length, Math.max(2, Math.floor(width / 60))) }),
      barY(above, { x: 'channel', y: 'range', fill: 'var(--bars)' }),
      ruleY([0], { stroke: 'var(--line)' }),
      tip(
        above,
        pointerX({
          x: 'channel',
          y: 'range',
          fill: 'var(--raised)',
          stroke: 'var(--line)',
          title: (one: { channel: number; range: number }) => `channel ${one.channel}\n${short(one.range)}`,
        }),
      ),
    ],
  }
}

function everyNth(length: number, ticks: number): number[] {
  const step = Math.max(1, Math.ceil(length / ticks))
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step)
}
