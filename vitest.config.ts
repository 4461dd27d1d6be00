import { defineConfig } from 'vitest/config'

const files = {
  setupFiles: ['test/support/each-file.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000
}
/** Tests of processes. */
const ALONE = ['test/cli/**/*.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['test/support/global.ts'],
    pool: 'forks',
    maxWorkers: '100%',
    // A worker that is told to end answers within 0.3 s. It has one core, which other programs may hold for longer.
    teardownTimeout: 120_000,
    projects: [
      { test: { ...files, name: 'alone', include: ALONE } },
      {
        test: {
          ...files,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/long/**',
            'test/docs/**',
            'test/slurm/**',
            'test/nfs/**',
            'test/interop/models.test.ts',
            'test/interop/live/**',
            ...ALONE
          ],
          // One process runs file after file, so that what they import is loaded once.
          isolate: false
        }
      }
    ]
  }
})
