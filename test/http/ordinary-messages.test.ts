/** Strict is not strange: every ordinary message is accepted, and read as it was meant. */

import { expect, test } from 'vitest';
import { readRequests, readResponse } from './differential/reading.ts';
import { requests, responses } from './ordinary/messages.ts';

const bytesOf = (text: string) => Buffer.from(text, 'latin1');

test(`${requests.length + responses.length} ordinary messages: at least 400`, () => {
  expect(requests.length + responses.length).toBeGreaterThanOrEqual(400);
});

test.each(requests)('request, $name', ({ text, body }) => {
  const { messages, fault } = readRequests([bytesOf(text)]);
  expect([messages.length, messages[0]?.isComplete, messages[0]?.body, fault]).toEqual([1, true, body, undefined]);
});

test.each(responses)('response, $name', ({ text, method, body }) => {
  const { messages, fault, rest } = readResponse([bytesOf(text)], method, true);
  expect([messages.length, messages[0]?.isComplete, messages[0]?.body, fault, rest]).toEqual([
    1,
    true,
    body,
    undefined,
    false,
  ]);
});
