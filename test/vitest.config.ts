import { defineConfig } from 'vitest/config';

// Real sockets, real processes: files run side by side on two cores, so each starts its own peers on port 0.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    setupFiles: ['support/fixed-seed.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
});
