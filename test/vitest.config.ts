import { defineConfig } from 'vitest/config';

/** Unit tests of property and size that take seconds of CPU each: they run with `npm test`, not with `npm run test:unit`. */
const LARGE = ['unit/config/source/limits.test.ts', 'unit/config/robustness.test.ts'];

/** What needs programs of other projects: nginx, HAProxy, Apache, Python, Prometheus, Chromium. */
const EXTERNAL = ['external/**/*.test.ts', 'prometheus/**/*.test.ts'];

const OTHER_PROJECTS = ['unit/**', 'integration/**', 'security/**', ...EXTERNAL];

const base = { extends: true } as const;

export default defineConfig({
  test: {
    root: import.meta.dirname,
    setupFiles: ['support/fixed-seed.ts'],
    // Long enough for a busy machine. A test of a time limit sets its own.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Files wait for processes, sockets and time limits more than they compute: five at a time keep two cores busy. Each starts
    // its own peers on port 0.
    maxWorkers: 5,
    projects: [
      // Without processes or shared state: one context for all files of a worker, so that each module is loaded once.
      { ...base, test: { name: 'unit', include: ['unit/**/*.test.ts'], exclude: LARGE, isolate: false } },
      { ...base, test: { name: 'large', include: LARGE } },
      { ...base, test: { name: 'integration', isolate: false, include: ['integration/**/*.test.ts'] } },
      { ...base, test: { name: 'security', isolate: false, include: ['security/**/*.test.ts'] } },
      // Documentation, package, and each folder that is added: no test file is left out.
      {
        ...base,
        test: { name: 'repository', include: ['**/*.test.ts'], exclude: [...OTHER_PROJECTS, '**/node_modules/**'] },
      },
      { ...base, test: { name: 'external', include: EXTERNAL } },
    ],
  },
});
