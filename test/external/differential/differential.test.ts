/**
 * The differential check: unusual requests, byte by byte, through the gateway to other servers. What each of them parses must
 * be what the gateway authorised, or the gateway must have refused it.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { type PayloadClass, single } from './payload.ts';
import { type RunContext, runPayload } from './payload-run.ts';
import { fields } from './payloads/fields.ts';
import { framing } from './payloads/framing.ts';
import { messages } from './payloads/messages.ts';
import { ordinary } from './payloads/ordinary.ts';
import { paths } from './payloads/paths.ts';
import { RESOURCE, startGatewayBefore } from './routes.ts';
import { apache } from './servers/apache.ts';
import { haproxy } from './servers/haproxy.ts';
import { nginx } from './servers/nginx.ts';
import { node } from './servers/node.ts';
import { python } from './servers/python.ts';
import type { ServerKind } from './servers/real-server.ts';
import { formatSummary, type PayloadResult } from './summary.ts';

const SERVERS = [nginx, apache, haproxy, python, node];
const LAST: PayloadClass = { name: 'what is left behind', payloads: [single('nothing', '/api/x')] };
const CLASSES: readonly PayloadClass[] = [ordinary, ...paths, ...fields, ...framing, ...messages, LAST];
const COUNT = CLASSES.reduce((sum, { payloads }) => sum + payloads.length, 0);

let issuer: TokenIssuer;
let token: string;
const outcomes: PayloadResult[] = [];
/** Closed after all tests, also where one timed out. */
const running: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  issuer = await startTokenIssuer();
  token = await issuer.sign({ claims: { aud: RESOURCE } });
});

afterAll(async () => {
  await Promise.all(running.map(each => each.close()));
  await issuer.close();
  const missing = SERVERS.filter(({ program }) => program === undefined).map(({ name }) => name);
  const inOrder = SERVERS.flatMap(({ name }) => outcomes.filter(({ server }) => server === name));
  console.info(formatSummary(inOrder, missing, COUNT));
});

describe.concurrent('each payload: refused, or parsed by the server as it was authorised', () => {
  for (const kind of SERVERS) {
    const where = kind.program === undefined ? `is not installed: ${COUNT} payloads not run` : 'equal or refused';
    test.skipIf(kind.program === undefined)(`${kind.name}: ${where}`, { timeout: 300_000 }, async () => {
      const found = await sendAll(kind);
      outcomes.push(...found);
      const mismatches = found.filter(each => each.mismatches.length > 0);
      expect(mismatches.map(({ group, name, mismatches }) => ({ group, name, mismatches }))).toEqual([]);
      const passed = found.filter(({ group, result }) => group === ordinary.name && result === 'forwarded');
      expect(passed.length).toBe(ordinary.payloads.length);
    });
  }
});

test('the table of payloads: large, and a good part of it forwarded', () => {
  expect(COUNT).toBeGreaterThanOrEqual(250);
  expect(ordinary.payloads.length).toBeGreaterThanOrEqual(40);
});

/** One after the other: what a payload leaves on a connection to the server shows in the payload behind it. */
async function sendAll(kind: ServerKind): Promise<PayloadResult[]> {
  const server = await kind.start();
  running.push(server);
  const gateway = await startGatewayBefore(server.address, issuer);
  running.push(gateway);
  const found: PayloadResult[] = [];
  const endedEarly: RunContext['endedEarly'] = new Map();
  for (const { name: group, payloads } of CLASSES) {
    for (const payload of payloads) {
      const result = await runPayload({ gateway, server, token, endedEarly }, payload, found.length);
      found.push({ server: kind.name, group, name: payload.name, ...result });
    }
  }
  return found;
}
