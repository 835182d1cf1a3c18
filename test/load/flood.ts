/**
 * 10,000 tokens with random kids, then 10,000 with bad signatures under a known kid, in 10 s each, beside ordinary clients: what
 * the issuer is asked, and how much the ordinary ones slow down.
 */

import { randomBytes } from 'node:crypto';
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from './clients.ts';
import { startWorld, type World } from './world.ts';

const SECONDS = 10;
const FLOOD_RATE = 1_000;
const ORDINARY_RATE = 100;
/** One fetch in each cooldown of 30 s. */
const MOST_FETCHES = 1;

export async function showFlood(): Promise<boolean> {
  const world = await startWorld();
  let isWithinLimits = true;
  try {
    await measure(world, undefined);
    const calm = await measure(world, undefined);
    show('no flood', calm);
    for (const [name, forge] of Object.entries(createForgers(world.token))) {
      const during = await measure(world, forge);
      show(name, during);
      isWithinLimits &&= during.fetches <= MOST_FETCHES && during.refused === 0;
    }
    isWithinLimits &&= world.gateway.failure() === undefined;
  } finally {
    await world.close();
  }
  return isWithinLimits;
}

type Forge = () => string;

/** The claims are those of a good token, so that only its key or its signature is wrong. */
function createForgers(token: string): Readonly<Record<string, Forge>> {
  const [header = '', claims = ''] = token.split('.');
  const fields = JSON.parse(Buffer.from(header, 'base64url').toString());
  const encode = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const sign = () => randomBytes(64).toString('base64url');
  return {
    'random kids': () => `${encode({ ...fields, kid: randomBytes(9).toString('hex') })}.${claims}.${sign()}`,
    'bad signatures': () => `${header}.${claims}.${sign()}`,
  };
}

async function measure({ gateway, issuer, token }: World, forge: Forge | undefined) {
  const fetches = issuer.fetches;
  const ordinary: number[] = [];
  const flooded: number[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const tally = { refused: 0, statuses: {} as Record<string, number> };
  const sending = [
    sendAtRate(ORDINARY_RATE, async () => {
      const { status, milliseconds } = await send(gateway.port, agent, token);
      ordinary.push(milliseconds);
      if (status !== 200) tally.refused += 1;
    }),
  ];
  const crowd = new Agent({ keepAlive: true, maxSockets: 256 });
  if (forge) {
    const flood = sendAtRate(FLOOD_RATE, async () => {
      const { status, milliseconds } = await send(gateway.port, crowd, forge());
      flooded.push(milliseconds);
      tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
    });
    sending.push(flood);
  }
  await Promise.all(sending);
  agent.destroy();
  crowd.destroy();
  return { fetches: issuer.fetches - fetches, ordinary, flooded, ...tally };
}

function show(
  name: string,
  { fetches, ordinary, flooded, refused, statuses }: Awaited<ReturnType<typeof measure>>,
): void {
  const round = (value: number) => value.toFixed(1);
  const flood = flooded.length === 0 ? '' : `; ${flooded.length} of the flood, ${JSON.stringify(statuses)}`;
  console.log(
    `${name}: ${fetches} fetches; ordinary ${ordinary.length}, p50 ${round(quantile(ordinary, 0.5))} ms, p99 ${round(quantile(ordinary, 0.99))} ms, ${refused} refused${flood}`,
  );
}

/** Open loop: what is late is sent at once. */
async function sendAtRate(rate: number, sendOne: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const sent: Promise<void>[] = [];
  while (sent.length < rate * SECONDS) {
    const due = Math.min(rate * SECONDS, ((performance.now() - startedAt) * rate) / 1000);
    while (sent.length < due) sent.push(sendOne());
    await delay(1);
  }
  await Promise.all(sent);
}

function send(port: number, agent: Agent, token: string): Promise<{ status: number; milliseconds: number }> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get({ host: '127.0.0.1', port, path: '/a/x', agent, headers }, response => {
      const { statusCode: status = 0 } = response;
      response.resume().once('end', () => resolve({ status, milliseconds: performance.now() - startedAt }));
    });
    request.once('error', reject);
  });
}
