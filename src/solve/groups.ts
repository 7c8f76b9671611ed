// Thresholds of every scale group in every mode, solved in the pool.

import type { QuantMode } from '../config/config.js'
import type { Pool } from '../engine/pool.js'
import { rangeOf } from '../fixedpoint/width.js'
import type { Histogram } from '../histogram/types.js'
import type { ScaleGroup } from '../plan/types.js'

export interface GroupHistogram {
  readonly scaleGroup: ScaleGroup
  readonly histogram: Histogram
}

export interface SolveRequest {
  readonly pool: Pool
  readonly groups: readonly GroupHistogram[]
  readonly modes: readonly QuantMode[]
  readonly percent: number
}

/** Mode -> name of the group -> threshold T. A tensor that leaves the chip has codes to spare: its exact extreme is its threshold in every mode. */
export async function solveGroups(request: SolveRequest): Promise<Map<QuantMode, Map<string, number>>> {
  const { pool, modes, percent } = request
  const inside = request.groups.filter(({ scaleGroup }) => !scaleGroup.leavesChip)
  const leaving = request.groups.filter(({ scaleGroup }) => scaleGroup.leavesChip)
  const result = new Map(modes.map((mode) => [mode, new Map<string, number>()]))
  const solve = async (group: readonly GroupHistogram[], asked: readonly QuantMode[]) => {
    const { thresholds } = await pool.solve({
      kind: 'solve',
      histograms: group.map(({ histogram }) => shared(histogram)),
      modes: asked,
      percent,
      qmax: group.map(({ scaleGroup }) => rangeOf(scaleGroup.bits)[1]),
    })
    for (const [i, { scaleGroup }] of group.entries()) {
      // Fewer modes than asked of the run: the last one stands for all.
      for (const [j, mode] of modes.entries()) {
        result.get(mode)!.set(scaleGroup.name, thresholds[i]![Math.min(j, asked.length - 1)]!)
      }
    }
  }
  const groups = parts(inside, pool.threads * 4).map((group) => solve(group, modes))
  await Promise.all([...groups, solve(leaving, ['min_max'])])
  return result
}

/** Those that have no negative value, as integers of one bit more, which have as many steps above zero as all codes of theirs. */
export function withoutSign(groups: readonly GroupHistogram[]): GroupHistogram[] {
  return groups
    .filter(({ scaleGroup, histogram }) => !scaleGroup.leavesChip && histogram.min >= 0)
    .map(({ scaleGroup, histogram }) => ({ scaleGroup: { ...scaleGroup, bits: scaleGroup.bits + 1 }, histogram }))
}

/** The same with counts in shared memory, which are not copied to a worker once more. */
function shared(histogram: Histogram): Histogram {
  const counts = new Float64Array(new SharedArrayBuffer(histogram.counts.byteLength))
  counts.set(histogram.counts)
  return { ...histogram, counts }
}

/** At most `count` runs of nearly equal length. */
function parts<T>(items: readonly T[], count: number): T[][] {
  const size = Math.max(1, Math.ceil(items.length / count))
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
}
