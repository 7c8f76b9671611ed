import { defineConfig } from 'vitest/config'

/** They replace modules, timers, streams or variables of the process, or look at what a module keeps from one call to the next, as test/knight's folder and runs. */
const alone = [
  'test/cli/**/*.test.ts',
  'test/dataset/script/**/*.test.ts',
  'test/files/**/*.test.ts',
  'test/knight/**/*.test.ts',
  'test/library/**/*.test.ts',
  'test/report/console/reporter.test.ts',
  'test/runs/workspace.test.ts',
  'test/workers/**/*.test.ts',
]

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Tests start worker threads and engine processes of their own: one file at a time a core is enough.
    maxWorkers: 2,
    pool: 'forks',
    projects: [
      {
        extends: true,
        // One process for many files loads squire and its libraries once: half a second of processor time less for each file.
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: alone, isolate: false },
      },
      { extends: true, test: { name: 'alone', include: alone, sequence: { groupOrder: 1 } } },
    ],
  },
})
