import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Tests start worker threads and engine processes of their own: one file at a time a core is enough.
    maxWorkers: 2,
    pool: 'forks',
  },
})
