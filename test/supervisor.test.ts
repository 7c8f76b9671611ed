import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { engineEnvironment } from '../src/supervisor.js'

/** What V8's heaps may have together, of which the one for new objects is a part. */
function heapLimit(env: NodeJS.ProcessEnv, ...flags: readonly string[]): string {
  const args = [...flags, '-p', 'v8.getHeapStatistics().heap_size_limit']
  return spawnSync(process.execPath, args, { env, encoding: 'utf8' }).stdout
}

describe('the environment of the engine', () => {
  const small = heapLimit({}, '--max-semi-space-size=4')
  const large = heapLimit({}, '--max-semi-space-size=8')

  it('makes the heap for new objects small', () => {
    expect(large).not.toBe(small)
    expect(heapLimit(engineEnvironment({}))).toBe(small)
  })

  it('leaves what the user sets, in NODE_OPTIONS, on the command line or as a variable', () => {
    const flag = '--max-semi-space-size=8'
    expect(heapLimit(engineEnvironment({ NODE_OPTIONS: flag }))).toBe(large)
    expect(heapLimit(engineEnvironment({}), flag)).toBe(large)
    expect(engineEnvironment({ MALLOC_MMAP_THRESHOLD_: '1' })).toMatchObject({ MALLOC_MMAP_THRESHOLD_: '1' })
  })
})
