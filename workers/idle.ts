// Notices that no task has come for a while.

/** A task that follows another comes sooner. */
const IDLE_MILLISECONDS = 100

const listeners: (() => Promise<void>)[] = []
let timer: NodeJS.Timeout | undefined

/** `listener` runs whenever this thread has had no task for a while. A task may begin while it runs. */
export function whenIdle(listener: () => Promise<void>): void {
  listeners.push(listener)
}

export function beginTask(): void {
  clearTimeout(timer)
}

export function endTask(): void {
  if (listeners.length === 0) return
  timer = setTimeout(() => void Promise.all(listeners.map((listener) => listener())), IDLE_MILLISECONDS)
  timer.unref()
}
