// Tells the user when nothing has been heard of a script for a long time, and where it is: only they know whether it hangs.

export interface Quiet {
  /** The script is at `what` from now on. */
  begin(what: string): void
  /** It is squire's turn. */
  end(): void
  /** The script printed something, or sent something. */
  heard(): void
  /** Its answer to where it is: "script.py:12, in load". */
  answered(place: string | undefined): void
}

export interface QuietOptions {
  /** Asks the interpreter where the script is. */
  readonly ask: () => void
  readonly warn: (line: string) => void
  readonly seconds?: number
}

/** An interpreter that does not answer for so long is inside native code. */
const ANSWER_SECONDS = 2

/** Warns after `seconds` of silence, after twice as many, and so on. */
export function watchForSilence({ ask, warn, seconds = defaultSeconds() }: QuietOptions): Quiet {
  let timer: NodeJS.Timeout | undefined
  let what: string | undefined
  let wait = seconds
  let since = 0
  let asked: NodeJS.Timeout | undefined

  const stop = () => {
    clearTimeout(timer)
    clearTimeout(asked)
    timer = asked = undefined
  }
  const start = () => {
    stop()
    if (what === undefined) return
    timer = setTimeout(() => {
      asked = setTimeout(() => tell('Python does not answer: it is in native code'), ANSWER_SECONDS * 1000)
      ask()
    }, wait * 1000)
    timer.unref()
  }
  const tell = (place: string) => {
    warn(
      `nothing heard of ${what} for ${Math.round((performance.now() - since) / 1000)} s; ${place}. Ctrl-C ends the run`,
    )
    wait *= 2
    start()
  }
  return {
    begin(doing) {
      what = doing
      wait = seconds
      since = performance.now()
      start()
    },
    end() {
      what = undefined
      stop()
    },
    heard() {
      // The answer to the question is no sign of life of the script's own.
      if (asked !== undefined || what === undefined) return
      since = performance.now()
      wait = seconds
      start()
    },
    answered(place) {
      if (asked === undefined) return
      clearTimeout(asked)
      asked = undefined
      tell(place === undefined ? 'Python does not say where it is' : `it is at ${place}`)
    },
  }
}

function defaultSeconds(): number {
  return Number(process.env.SQUIRE_SILENCE_SECONDS ?? 60)
}
