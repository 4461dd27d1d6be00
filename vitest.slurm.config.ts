import { defineConfig } from 'vitest/config'

/** Runs on real daemons of Slurm and SSH, which the tests start on this machine as root. */
export default defineConfig({
  test: {
    include: ['test/slurm/**/*.test.ts'],
    globalSetup: ['test/support/global.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 300_000
  }
})
