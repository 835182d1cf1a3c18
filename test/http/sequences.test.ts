/**
 * Sequences, not only messages: clients with nonces of their own, pipelining, cut anywhere, aborted, reset from either side, early
 * responses, upgrades, unsolicited bytes. No byte of one exchange is ever in another. `AUDGATE_HTTP_SECONDS` says how long.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../fuzz/prng.ts';
import { ChaoticUpstream, hiddenOf, unitOf } from './chaotic-upstream.ts';
import { pause, RawClient } from './client.ts';
import { type RunningRelay, startRelay } from './relay.ts';

const { AUDGATE_HTTP_SECONDS = '8', AUDGATE_SEED = '2026' } = process.env;
const SECONDS = Number(AUDGATE_HTTP_SECONDS);
const CLIENTS = 32;

const upstream = new ChaoticUpstream(Number(AUDGATE_SEED));
let relay: RunningRelay;

beforeAll(async () => {
  relay = await startRelay(await upstream.listen());
});
afterAll(async () => {
  await relay.close();
  await upstream.close();
});

interface Sent {
  readonly nonce: string;
  readonly method: string;
  readonly bytes: string;
}

function createRequest(random: Random, nonce: string): Sent {
  const head = (method: string, fields: string) =>
    `${method} /n/${nonce} HTTP/1.1\r\nHost: a\r\nX-Nonce: ${nonce}\r\n${fields}\r\n`;
  const kind = random.below(10);
  if (kind < 4) return { nonce, method: 'GET', bytes: head('GET', random.chance(5) ? 'Connection: close\r\n' : '') };
  if (kind === 4) return { nonce, method: 'HEAD', bytes: head('HEAD', '') };
  const text = (random.chance(50) ? unitOf : hiddenOf)(nonce).repeat(random.pick([0, 1, 1, 20, 3_000]));
  if (kind < 8) return { nonce, method: 'POST', bytes: `${head('POST', `Content-Length: ${text.length}\r\n`)}${text}` };
  const cut = random.below(text.length + 1);
  const chunks = [text.slice(0, cut), text.slice(cut)].filter(chunk => chunk !== '');
  const body = chunks.map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  const method = random.pick(['PUT', 'DELETE']);
  return { nonce, method, bytes: `${head(method, 'Transfer-Encoding: chunked\r\n')}${body}0\r\n\r\n` };
}

const HANDSHAKE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

/** One connection: sends what it sends, and checks every byte that comes. @returns how many exchanges were begun. */
async function converse(random: Random, name: string, crossed: string[]): Promise<number> {
  const requests = random.many(1, 6, index => createRequest(random, `${name}-${index}`));
  const upgrade = random.chance(10) ? `${name}-ws` : undefined;
  const last =
    upgrade && `GET /n/${upgrade} HTTP/1.1\r\nHost: a\r\nX-Nonce: ${upgrade}\r\n${HANDSHAKE}\r\n${unitOf(upgrade)}`;
  const bytes = requests.map(request => request.bytes).join('') + (last ?? '');
  const client = await RawClient.open(relay.port);
  const isAborted = random.chance(15);
  await sendInPieces(client, random, isAborted ? bytes.slice(0, random.below(bytes.length)) : bytes);
  if (isAborted) await abort(client, random);
  else
    await settle(
      client,
      requests.length + (upgrade ? 1 : 0),
      requests.map(({ method }) => method),
      upgrade,
    );
  check(client, requests, upgrade, crossed);
  client.destroy();
  return requests.length + (upgrade ? 1 : 0);
}

async function sendInPieces(client: RawClient, random: Random, bytes: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    // Behind a head, so that an early response finds none of its body: then what comes is at the beginning of something.
    const head = random.chance(30) ? bytes.indexOf('\r\n\r\n', at) + 4 : 3;
    const size = head > 3 ? head - at : random.between(1, random.pick([3, 200, 4_000, 70_000, 70_000]));
    client.send(bytes.slice(at, at + size));
    at += size;
    if (head > 3 || random.chance(10)) await pause(random.below(6));
  }
}

async function abort(client: RawClient, random: Random): Promise<void> {
  await pause(random.below(4));
  if (random.chance(50)) client.socket.resetAndDestroy();
  else client.socket.end();
  await pause(1);
}

/** Until everything was answered, the connection has ended, or, since an upstream may be silent, for a while. */
async function settle(
  client: RawClient,
  count: number,
  methods: readonly string[],
  upgrade: string | undefined,
): Promise<void> {
  const isDone = () =>
    client.isEnded ||
    client.isClosed ||
    client.responses(methods).filter(({ status, complete }) => status >= 200 && complete).length >= count ||
    (upgrade !== undefined && client.text.includes(`Sec-Nonce: ${upgrade}`) && client.text.endsWith(unitOf(upgrade)));
  let length = -1;
  for (let waits = 0; waits < 200; waits += 1) {
    // Parsing it all anew is for when there is more.
    if (client.length !== length && isDone()) return;
    length = client.length;
    if (client.isEnded || client.isClosed) return;
    await pause(waits < 20 ? 1 : 10);
  }
}

function check(client: RawClient, requests: readonly Sent[], upgrade: string | undefined, crossed: string[]): void {
  const { text } = client;
  if (text.includes('POISON')) crossed.push('unsolicited bytes');
  // Sent while a request was on its way: they cannot be distinguished from its response.
  if (text.includes('LATE')) return;
  const final = client
    .responses(requests.map(({ method }) => method))
    .filter(({ status }) => status !== 103 && status !== 100);
  for (const [index, { status, headers, body }] of final.entries()) {
    const nonce = requests[index]?.nonce ?? upgrade ?? 'none';
    const told = headers.filter(([name]) => /^(?:x|sec)-nonce$/i.test(name)).map(([, value]) => value);
    const isOurs = told.length === 0 && (status >= 400 || status === 0);
    const rest = body.toString('latin1').replaceAll(unitOf(nonce), '');
    // The end of a body that was cut may be a part of a nonce.
    const isPure = isOurs ? !rest.includes('<') : unitOf(nonce).startsWith(rest);
    if (!isPure || (!isOurs && (told.length !== 1 || told[0] !== nonce))) {
      crossed.push(`${nonce}: ${status} ${told} ${rest.slice(0, 80)}`);
    }
  }
}

test(
  `random sequences for ${SECONDS} s: no byte of one exchange is in another`,
  async () => {
    const crossed: string[] = [];
    const end = performance.now() + SECONDS * 1_000;
    let exchanges = 0;
    const run = async (client: number) => {
      for (let round = 0; performance.now() < end; round += 1) {
        const count = await converse(new Random(Number(AUDGATE_SEED), client, round), `${client}.${round}`, crossed);
        exchanges += count;
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => run(client)));
    const { requests, kinds } = upstream.seen;
    const causes = new Map<string, number>();
    for (const { cause } of relay.failures) causes.set(cause, (causes.get(cause) ?? 0) + 1);
    process.stdout.write(
      `${exchanges} exchanges, ${requests} upstream; ${[...kinds].join(' ')}; failures: ${[...causes].join(' ')}\n`,
    );
    expect([crossed, upstream.seen.crossed, relay.faults]).toEqual([[], [], []]);
    expect(relay.failures.filter(({ cause }) => cause === 'other')).toEqual([]);
  },
  SECONDS * 1_000 + 30_000,
);
