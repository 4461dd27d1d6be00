import { defineConfig } from 'vitest/config'

/** Runs on a real server of NFS, which the tests start as root, and on machines of their own that mount it. */
export default defineConfig({
  test: {
    include: ['test/nfs/**/*.test.ts'],
    globalSetup: ['test/support/global.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 600_000
  }
})
