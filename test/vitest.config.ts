import { defineConfig } from 'vitest/config';

/** Tests of property, size, load and time that take long each: they run with `npm test`, not with `npm run test:program`. */
const LARGE = [
  'unit/config/source/limits.test.ts',
  'unit/config/robustness.test.ts',
  'unit/cli/propose/random-worlds.test.ts',
  'unit/mcp/variants.test.ts',
  'integration/decisions/random-decisions.test.ts',
  'integration/decisions/random-requests.test.ts',
  'integration/explain/near-misses.test.ts',
  'integration/explain/random-questions.test.ts',
  'integration/init/init.test.ts',
  'integration/keys/outage.test.ts',
  'integration/keys/rotation.test.ts',
  'integration/mcp/running-calls.test.ts',
  'integration/probe/command.test.ts',
  'integration/propose/program.test.ts',
  'integration/reload/file-changes.test.ts',
  'integration/reload/included-files.test.ts',
  'integration/reload/many-reloads.test.ts',
  'integration/reload/reloads-under-load.test.ts',
  'integration/simulate/random-worlds.test.ts',
  'integration/tls/changed-certificates.test.ts',
  'integration/workers/failures.test.ts',
  'integration/workers/replacement.test.ts',
];

/** What README, docs and the manifests say. */
const DOCUMENTS = ['docs/**/*.test.ts', 'kubernetes/**/*.test.ts'];

/** What needs programs of other projects: nginx, HAProxy, Apache, Caddy, Envoy, Traefik, Python, Prometheus, Chromium. */
const EXTERNAL = ['external/**/*.test.ts', 'prometheus/**/*.test.ts'];

const OTHER_PROJECTS = ['unit/**', 'integration/**', 'security/**', ...DOCUMENTS, ...EXTERNAL];

const base = { extends: true } as const;

export default defineConfig({
  test: {
    root: import.meta.dirname,
    setupFiles: ['support/fixed-seed.ts'],
    // Long enough for a busy machine. A test of a time limit sets its own.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Files wait for processes, sockets and time limits more than they compute: five at a time keep two cores busy. Each starts
    // its own peers on port 0.
    maxWorkers: 5,
    projects: [
      // `isolate: false`: a worker loads each module once for all its files. So a helper registers hooks only in a function that
      // the test file calls, and state of a module is reset by those hooks.
      { ...base, test: { name: 'unit', include: ['unit/**/*.test.ts'], exclude: LARGE, isolate: false } },
      { ...base, test: { name: 'large', isolate: false, include: LARGE } },
      { ...base, test: { name: 'integration', isolate: false, include: ['integration/**/*.test.ts'], exclude: LARGE } },
      { ...base, test: { name: 'security', isolate: false, include: ['security/**/*.test.ts'] } },
      { ...base, test: { name: 'documents', isolate: false, include: DOCUMENTS } },
      // The package, the library, HTTP, and each folder that is added: no test file is left out.
      {
        ...base,
        test: {
          name: 'repository',
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: [...OTHER_PROJECTS, '**/node_modules/**'],
        },
      },
      { ...base, test: { name: 'external', isolate: false, include: EXTERNAL } },
    ],
  },
});
