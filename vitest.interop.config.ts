import { defineConfig } from 'vitest/config'

/** The cases of real libraries, and programs that run those libraries: with Python, by `npm run test:interop`. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/support/global.ts'],
    setupFiles: ['test/support/each-file.ts'],
    testTimeout: 120_000
  }
})
