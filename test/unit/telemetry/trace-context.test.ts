import { expect, test } from 'vitest';
import { readTraceId } from '../../../src/telemetry/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test.each([
  ['version 00', `00-${TRACE}-${PARENT}-01`],
  ['not sampled', `00-${TRACE}-${PARENT}-00`],
  ['unknown flags', `00-${TRACE}-${PARENT}-ff`],
  ['a later version of the same form (section 4.3)', `01-${TRACE}-${PARENT}-01`],
  ['a later version with more behind', `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`],
  ['a later version with a hyphen behind', `fe-${TRACE}-${PARENT}-01-`],
])('%s: its trace-id', (_, traceparent) => {
  expect(readTraceId(['Host', 'a', 'TraceParent', traceparent])).toBe(TRACE);
});

test.each([
  ['version ff', `ff-${TRACE}-${PARENT}-01`],
  ['version 00 with more behind', `00-${TRACE}-${PARENT}-01-more`],
  ['version 00 with a hyphen behind', `00-${TRACE}-${PARENT}-01-`],
  ['a later version with more behind, without a hyphen', `01-${TRACE}-${PARENT}-01.what`],
  ['a trace-id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
  ['a parent-id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['upper case in the trace-id', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ['upper case in the parent-id', `00-${TRACE}-${PARENT.toUpperCase()}-01`],
  ['upper case in the flags', `00-${TRACE}-${PARENT}-0A`],
  ['upper case in the version', `0A-${TRACE}-${PARENT}-01`],
  ['a short trace-id', `00-${TRACE.slice(1)}-${PARENT}-01`],
  ['a long trace-id', `00-${TRACE}0-${PARENT}-01`],
  ['no flags', `00-${TRACE}-${PARENT}`],
  ['a letter behind f', `00-${TRACE.replace('4', 'g')}-${PARENT}-01`],
  ['two in one field', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ['a quote', `00-${TRACE}-${PARENT}-01"`],
  ['a line feed', `00-${TRACE}-${PARENT}-01\n`],
  ['an empty one', ''],
])('%s: none', (_, traceparent) => {
  expect(readTraceId(['traceparent', traceparent])).toBeUndefined();
});

test('several fields, also of one value, or none: none', () => {
  const field = ['traceparent', `00-${TRACE}-${PARENT}-01`];
  expect(readTraceId([...field, ...field])).toBeUndefined();
  expect(readTraceId(['X-Traceparent', field[1] ?? ''])).toBeUndefined();
});
