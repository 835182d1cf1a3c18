import { expect, test } from 'vitest';
import { describeAmbiguity } from '../../../../../src/cli/explain/checks/path-ambiguity.ts';
import { canonicalizePath } from '../../../../../src/route/path.ts';

test.for([
  ['/a/../b', 3, 'a dot segment'],
  ['/a/%2E%2e', 3, 'a dot segment'],
  ['/a//b', 2, 'an empty segment'],
  ['/a\\b', 2, 'a backslash'],
  ['/a%2', 2, 'a % without'],
  ['/a\u00e9', 2, 'a byte'],
  ['/a/..;x/b', 3, 'a dot segment'],
  ['/a%2f..%2fb', 5, 'a dot segment'],
] as const)('%s: the ambiguous place', ([path, at, what]) => {
  expect(canonicalizePath(path).ok).toBe(false);
  expect(describeAmbiguity(path, [])).toEqual({ at, what: expect.stringContaining(what) });
});
