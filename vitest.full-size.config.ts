import { defineConfig } from 'vitest/config'

/** What takes minutes, and gigabytes: apart from the other tests. */
export default defineConfig({
  test: { include: ['test/full-size/*.test.ts'], globalSetup: ['test/support/global.ts'], testTimeout: 600_000 }
})
