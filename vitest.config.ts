import { defineConfig } from 'vitest/config'

const common = { testTimeout: 120_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    // Real interpreters and browsers share two cores: more workers only make each other late.
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'tests', include: ['test/**/*.test.ts'] } },
      // In a real VS Code, which is downloaded the first time: `npm run e2e`.
      {
        test: {
          ...common,
          name: 'e2e',
          include: ['test/e2e/*.e2e.ts'],
          testTimeout: 180_000,
          // VS Code takes a click for none now and then where the machine has other things to do; what fails twice is a fault.
          retry: 1,
          expect: { poll: { timeout: 60_000 } },
          hookTimeout: 480_000,
        },
      },
    ],
  },
})
