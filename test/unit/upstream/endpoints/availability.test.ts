import { expect, test } from 'vitest';
import { Availability } from '../../../../src/upstream/endpoints/availability.ts';

function watched() {
  const told: string[] = [];
  const availability = new Availability();
  availability.events = { onLeftOut: cause => told.push(`out: ${cause}`), onBack: () => told.push('back') };
  return { availability, told };
}

test('pauses: 1 s, doubled by each request that tries in vain, up to 10 s; told once', () => {
  const { availability, told } = watched();
  const pauses: number[] = [];
  let now = 0;
  for (let count = 0; count < 7; count += 1) {
    expect(availability.pauseAt(now)).toBe(0);
    availability.onSend(now);
    availability.onFailure('refused', now);
    pauses.push(availability.pauseAt(now));
    now += availability.pauseAt(now);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  expect(told).toEqual(['out: refused']);
});

test('a connection: no pause any more, and the next one begins at 1 s', () => {
  const { availability, told } = watched();
  availability.onFailure('dns', 0);
  availability.onSend(1_000);
  availability.onFailure('tls', 1_001);
  expect(availability.cause).toBe('tls');
  availability.onConnect();
  availability.onConnect();
  expect([availability.pauseAt(1_002), availability.cause]).toEqual([0, undefined]);
  availability.onFailure('refused', 2_000);
  expect(availability.pauseAt(2_000)).toBe(1_000);
  expect(told).toEqual(['out: dns', 'back', 'out: refused']);
});

test('many requests that were under way: count as one failure', () => {
  const { availability } = watched();
  for (let count = 0; count < 100; count += 1) availability.onFailure('refused', count);
  expect(availability.pauseAt(100)).toBe(900);
});

test('after a pause: one request tries, and it is left out for the others until that one has an answer', () => {
  const { availability } = watched();
  availability.onFailure('connect_timeout', 0);
  expect(availability.pauseAt(1_000)).toBe(0);
  availability.onSend(1_000);
  expect(availability.pauseAt(1_001)).toBeGreaterThan(0);
  // The request that tried was given up by its client: the next one tries.
  expect(availability.pauseAt(2_000)).toBe(0);
});
