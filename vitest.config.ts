import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/stores/shared-postgres.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts', 'src/index.ts'],
      // The CLI is tested as a program, in processes of its own.
      autoAttachSubprocess: true,
      reporter: ['text-summary'],
      thresholds: {
        lines: 80,
        'src/money/**': { lines: 90 },
        'src/usage/**': { lines: 90 },
        'src/pricing/**': { lines: 90 },
        'src/ledger/**': { lines: 90 },
      },
    },
  },
})
