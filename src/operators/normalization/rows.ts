// What a normalization normalizes.

export interface Rows {
  /** Where there are any, a row runs over the channels of a group and all that follows: the last axis of [batch, groups, rest]. */
  readonly groups?: number
  /** A row runs over these axes, counted from the last one, which is -1. */
  readonly axes: readonly number[]
  /** Elements of a row. */
  readonly length: number
  /** What is added to the mean square. */
  readonly epsilon: number
  /** Whether the mean is taken away first. */
  readonly centered: boolean
  /** What a value one root mean square from zero becomes. */
  readonly unit: number
}

export function lengthOver(axes: readonly number[], dims: readonly number[]): number {
  return axes.reduce((product, axis) => product * dims.at(axis)!, 1)
}
