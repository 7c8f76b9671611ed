import type { Family } from '../types.js'
import { type PlannedRanking, rankingOf } from './plan.js'

/** Without a reference: integers are not computed but compared, by the source's own nodes. */
export const ranking: Family<PlannedRanking, PlannedRanking> = {
  kind: 'ranking',
  traits: {
    sharesScale: 'all',
    copiesData: true,
    writesWide: true,
    readsWide: true,
    // Close scores are equal in 8 bits.
    gainsFromWide: true,
    followsFloat: 'atEdge',
    offset: 'none',
  },
  match: rankingOf,
  solve: (planned) => ({ operator: planned, warnings: [] }),
  ranges: ({ outputs }, [input]) => outputs.map(() => input),
  parameters: () => ({}),
  emit: (_, { nodes, inputs, outputs }, context) => {
    const own = new Set([...inputs, ...outputs])
    const integersOf = (name: string) => (own.has(name) ? context.integers(name).name : name)
    context.copy(nodes, integersOf, integersOf)
    return outputs.map(integersOf)
  },
}
