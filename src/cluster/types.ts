// A run on a cluster, as every engine takes it: steps one after the other, some of which are as many tasks as there are parts. squire has no
// scheduler of its own: an engine runs these commands, and repeats a task whose machine was lost.

export interface Step {
  readonly name: 'calibrate' | 'merge' | 'evaluate' | 'quantize'
  /** One task for each part, numbered from 1; else a single task. */
  readonly array: boolean
  /** The commands of a task, one after the other. `part` is its number, as a shell writes it: "7" or "$SLURM_ARRAY_TASK_ID". */
  commands(part: string): readonly string[]
}

export interface ClusterRun {
  /** Names jobs: letters, digits and dashes. */
  readonly name: string
  readonly parts: number
  readonly steps: readonly Step[]
  /** Where commands run: paths are relative to it. */
  readonly workingFolder: string
  /** Absolute path of the folder for scripts, logs and parts. */
  readonly folder: string
}

/** What an engine runs: files of the run's folder, and the command that starts it all. */
export interface Written {
  /** Name -> content. */
  readonly files: ReadonlyMap<string, string>
  /** Program and arguments. */
  readonly start: readonly [string, ...string[]]
}
