// How long each stage of a run took.

import { duration } from './terminal.js'

interface Stage {
  readonly name: string
  readonly seconds: number
}

export class StageTimes {
  readonly #now: () => number
  readonly #ended: Stage[] = []
  #current: { readonly name: string; readonly began: number } | undefined

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Ends the stage before. @returns the number of the stage, from 1 */
  begin(name: string): number {
    this.#end()
    this.#current = { name, began: this.#now() }
    return this.#ended.length + 1
  }

  /** Ends the last stage, and forgets all of them. @returns a line that says how long each took; undefined where there was none */
  finish(): string | undefined {
    this.#end()
    const line = this.#ended.length === 0 ? undefined : timeLine(this.#ended)
    this.forget()
    return line
  }

  forget(): void {
    this.#current = undefined
    this.#ended.length = 0
  }

  #end(): void {
    if (this.#current === undefined) return
    const { name, began } = this.#current
    this.#ended.push({ name, seconds: (this.#now() - began) / 1000 })
    this.#current = undefined
  }
}

/** `Time: graph optimization 0.8 s, post-process 12 s; 13 s in all`. */
function timeLine(stages: readonly Stage[]): string {
  const each = stages.map(({ name, seconds }) => `${name} ${duration(seconds)}`).join(', ')
  const all = stages.reduce((sum, { seconds }) => sum + seconds, 0)
  return `Time: ${each}${stages.length === 1 ? '' : `; ${duration(all)} in all`}`
}
