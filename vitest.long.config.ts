import { defineConfig } from 'vitest/config'

/**
 * What takes minutes together: every network on every engine, what other libraries wrote, networks of full size, and all that
 * the documentation runs.
 */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts', 'test/docs/*.test.ts', 'test/interop/models.test.ts'],
    globalSetup: ['test/support/global.ts'],
    setupFiles: ['test/support/each-file.ts'],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 600_000,
    teardownTimeout: 120_000,
    hookTimeout: 120_000
  }
})
