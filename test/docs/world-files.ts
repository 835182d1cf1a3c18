/** The files that the commands of the pages read, beside `audgate.yaml`: tokens, a log, another configuration. */

import { readFileSync } from 'node:fs';
import { request } from '../support/raw-http.ts';
import { ISSUER, type World } from './world.ts';

const PROFILE = 'https://profile.example.com/';
const BILLING = 'https://billing.example.com/';

/** Writes them, and sends the requests that the log is about. */
export async function placeExamples(world: World): Promise<void> {
  const sign = (aud: string, scope: string) => world.issuer.sign({ claims: { iss: ISSUER, aud, scope } });
  const [profile, billing] = await Promise.all([sign(PROFILE, 'profile:read'), sign(BILLING, 'billing:read')]);
  world.write('profile.jwt', `${profile}\n`);
  world.write('billing.jwt', `${billing}\n`);
  world.write(
    'stricter.yaml',
    readFileSync(world.gateway.file, 'utf8').replace(/enforcement: \w+/g, 'enforcement: enforce'),
  );
  await send(world, '/profile/me', profile);
  await send(world, '/billing/invoices', profile);
  await send(world, '/billing/invoices', billing);
  await world.gateway.line('request', 3);
  const lines = world.gateway.lines().map(line => `${JSON.stringify(line)}\n`);
  world.write('access.ndjson', lines.join(''));
}

async function send({ gateway }: World, path: string, token: string): Promise<void> {
  const { status } = await request(gateway.port, { path, headers: [['Authorization', `Bearer ${token}`]] });
  if (status === 503) throw new Error(`${path}: no keys`);
}
