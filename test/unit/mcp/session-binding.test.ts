import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveSessionKeys, SessionBinding } from '../../../src/mcp/session-binding.ts';

const KEYS = deriveSessionKeys('00'.repeat(32));
const bindingOf = (owner: string, keys = KEYS) => new SessionBinding(keys, () => Buffer.from(owner));
const alice = bindingOf('alice');
/** As field values are read: one Latin-1 character a byte. */
const ids = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)), minLength: 1 });
const BASE64URL = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

function bind(id: string, binding = alice): string {
  const bound = binding.bind(id);
  if (bound === undefined) throw new Error('not bound');
  return bound;
}

describe('a bound session id', () => {
  test('any id: read back as the same bytes, by the characters of a session id', () => {
    fc.assert(
      fc.property(ids, id => {
        const bound = bind(id);
        expect(bound).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(alice.read(bound)).toBe(id);
        expect(bindingOf('alice').bind(id)).toBe(bound);
      }),
    );
  });

  test('with any one character changed to any other, or left out, or one added: not read', () => {
    fc.assert(
      fc.property(ids, fc.nat(), fc.constantFrom(...BASE64URL, '=', ' ', '.', '%', 'é', '\0'), (id, place, other) => {
        const bound = bind(id);
        const at = place % bound.length;
        const [before, after] = [bound.slice(0, at), bound.slice(at + 1)];
        if (other !== bound[at]) expect(alice.read(before + other + after)).toBeUndefined();
        expect(alice.read(before + after)).toBeUndefined();
        expect(alice.read(before + other + bound.slice(at))).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test('every character of one id, to every other of base64url: not read', () => {
    const bound = bind('3f1c6b1e-6f0e-4a3c-9d0a-2b7d0c5f8e11');
    let changed = 0;
    for (let at = 0; at < bound.length; at += 1) {
      for (const other of BASE64URL.filter(each => each !== bound[at])) {
        expect(alice.read(bound.slice(0, at) + other + bound.slice(at + 1))).toBeUndefined();
        changed += 1;
      }
    }
    expect(changed).toBe(bound.length * 63);
  });

  test('of another owner, or by another key: not read', () => {
    fc.assert(fc.property(ids, id => bindingOf('bob').read(bind(id)) === undefined));
    const other = deriveSessionKeys('01'.repeat(32));
    expect(bindingOf('alice', other).read(bind('a'))).toBeUndefined();
    expect(bindingOf('bob').bind('a')).not.toBe(bind('a'));
  });

  test('made up, of any text: not read', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => alice.read(text) === undefined));
    fc.assert(fc.property(ids, id => alice.read(id) === undefined));
  });

  test('says nothing of the id of the upstream', () => {
    const id = 'session-of-alice-0123456789';
    const bound = bind(id);
    expect(bound).not.toContain(id);
    expect(Buffer.from(bound, 'base64url').toString('latin1')).not.toContain('session');
  });

  test('part of one and part of another: not read', () => {
    const [one, two] = [bind('session-1'), bind('session-2')];
    for (let at = 1; at < one.length; at += 1) {
      const joined = one.slice(0, at) + two.slice(at);
      if (joined !== one && joined !== two) expect(alice.read(joined)).toBeUndefined();
    }
  });
});

describe('the length of an id', () => {
  test('none, and more than 4096 bytes: not bound', () => {
    expect(alice.bind('')).toBeUndefined();
    expect(alice.bind('x'.repeat(4_097))).toBeUndefined();
    const longest = 'x'.repeat(4_096);
    expect(alice.read(bind(longest))).toBe(longest);
  });

  test('a text that is longer than any: not read', () => {
    expect(alice.read('A'.repeat(1_000_000))).toBeUndefined();
    expect(alice.read('A'.repeat(43))).toBeUndefined();
  });
});
