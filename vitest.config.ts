import { defineConfig } from 'vitest/config'

/** Tests of processes, whose memory and start are looked at. */
const ALONE = ['test/cli/**/*.test.ts', 'test/checkpoints/mutations.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['test/support/global.ts'],
    setupFiles: ['test/support/each-file.ts'],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: ['test/full-size/**', 'test/interop/live/**', ...ALONE],
          // One process runs file after file, so that what they import is loaded once.
          isolate: false
        }
      }
    ]
  }
})
