import { describe, expect, test } from 'vitest';
import { TicketKeys } from '../../../src/server/tls/ticket-keys.ts';

const HOUR = 3_600_000;
const PERIOD = 12 * HOUR;
const SEED = { period: 100, secret: Buffer.alloc(32, 's').toString('base64') };
const at = (period: number) => period * PERIOD + HOUR;

describe('ticket keys', () => {
  test('within a period: one key of 48 bytes; in the next: another', () => {
    const keys = new TicketKeys(SEED);
    const first = keys.keyAt(at(100));
    expect(first).toHaveLength(48);
    expect(keys.keyAt(at(100) + 10 * HOUR)).toEqual(first);
    expect(keys.keyAt(at(101))).not.toEqual(first);
  });

  test('two processes with one seed: the same keys, also where one has slept', () => {
    const [awake, asleep] = [new TicketKeys(SEED), new TicketKeys(SEED)];
    for (let period = 100; period < 110; period += 1) awake.keyAt(at(period));
    expect(asleep.keyAt(at(110))).toEqual(awake.keyAt(at(110)));
  });

  test('a clock that is set back: no earlier key comes back', () => {
    const keys = new TicketKeys(SEED);
    const [first, later] = [keys.keyAt(at(100)), keys.keyAt(at(105))];
    expect(keys.keyAt(at(100))).toEqual(later);
    expect(keys.keyAt(at(100))).not.toEqual(first);
    expect(keys.periodAt(at(100))).toBe(105);
  });

  test('the seed for a further process: of the current period, and without the earlier secrets', () => {
    const keys = new TicketKeys();
    const { period, secret } = keys.seed;
    expect(period).toBe(Math.floor(Date.now() / PERIOD));
    expect(new TicketKeys({ period, secret }).keyAt(Date.now())).toEqual(keys.keyAt(Date.now()));
    expect(new TicketKeys().seed.secret).not.toBe(secret);
  });
});
