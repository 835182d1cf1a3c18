/** Patterns for one name, compared with what bash matches. */

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { compileName } from '../../../../src/config/source/name-pattern.ts';

const NAMES = [
  ...[
    'a',
    'b',
    'ab',
    'aab',
    '-',
    '!',
    '^',
    ']',
    '[',
    '[a',
    'a-b',
    'a]',
    '.a',
    '.',
    'A',
    '1',
    'a.yaml',
    '_a.yaml',
    'B.yaml',
  ],
  ...['(a)', '(a)b', '+(a)', '@(a)x', '{a,b}', 'a|b', 'a\\b', 'a*b', 'x\ny', 'é', '😀', '$', 'a+', ' '],
];
const PATTERNS = [
  ...[
    '*',
    '?',
    '??',
    'a*',
    '*a',
    '*a*b',
    '**',
    '[ab]',
    '[!ab]*',
    '[^ab]*',
    '[!_]*.yaml',
    '[]]',
    '[!]]*',
    '[]a]*',
    '[[]*',
    '[a',
  ],
  ...[
    '[a-]*',
    '[-a]*',
    '[a-c]*',
    '[!a-c]*',
    '[[:digit:]]',
    '[![:alpha:]]*',
    '[[:upper:]]*',
    '[.]*',
    '.*',
    '[!a]',
    '(a)*',
    '*(a)',
  ],
  ...[
    '+(a)*',
    '@(a)*',
    '{a,b}*',
    '*|b',
    'a\\**',
    'a\\\\*',
    '[\\]]*',
    '?.yaml',
    '*.yaml',
    '$*',
    'a[+]',
    'a+*',
    '[é]',
    '[ ]',
    '[]',
    '[!]*',
  ],
];

function matchedByBash(pattern: string): readonly string[] {
  const script =
    'shopt -u extglob; for name; do case $name in .*) [[ $PATTERN == .* ]] || continue;; esac; case $name in $PATTERN) printf "%s\\0" "$name";; esac; done';
  const env = { ...process.env, PATTERN: pattern, LC_ALL: 'C.UTF-8' };
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', ...NAMES], { encoding: 'utf8', env });
  return stdout.split('\0').slice(0, -1);
}

describe('a pattern for a name', () => {
  test.each(PATTERNS)('%s: what bash matches', pattern => {
    expect(NAMES.filter(compileName(pattern))).toEqual(matchedByBash(pattern));
  });

  test('a name that almost fits many asterisks: decided in less than a second', () => {
    const before = performance.now();
    expect(compileName('*-*-*-*-*-*-*-*-*-*.yaml')('-'.repeat(255))).toBe(false);
    expect(compileName('(a+)+*b')('a'.repeat(255))).toBe(false);
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});
