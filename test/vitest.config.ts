import { defineConfig } from 'vitest/config';

// Real sockets, real processes: files run side by side, on two cores three at a time since most of them wait, so each starts its own peers on port 0.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    setupFiles: ['support/fixed-seed.ts'],
    // Long enough for a busy machine: what must be fast says so itself.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 3,
  },
});
