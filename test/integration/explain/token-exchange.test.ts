/** `audgate explain` on a route with `exchange`: what the token would be exchanged for; nobody is asked. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { createWorld, FRONT, INNER, type World } from '../exchange/fixture.ts';

let world: World;
let folder: string;
let file: string;

beforeAll(async () => {
  world = await createWorld();
  folder = mkdtempSync(join(tmpdir(), 'audgate-explain-'));
  file = join(folder, 'audgate.yaml');
  const route = world.route({ enforcement: 'report' }, { audience: 'inner', scopes: ['inner:read'] });
  writeFileSync(file, world.yaml({ '/inner': route }));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world.close();
});

async function explain(aud: string, ...options: readonly string[]) {
  const token = await world.issuer.sign({ claims: { aud } });
  const args = ['--config', file, '--token-file', '-', ...options, 'http://gateway.example.com/inner/1'];
  return (await runExplain(args, token)).stdout;
}

test('an accepted token: for whom it is exchanged, and where, without the secret', async () => {
  const text = await explain(FRONT);
  expect(text).toContain(
    `  Authorization: a token for ${INNER} and inner, which the token is exchanged for at ${world.endpoint.endpoint}\n`,
  );
  expect(text).not.toContain('a secret');
  expect(JSON.parse(await explain(FRONT, '--json')).forwarding).toMatchObject({
    forward_token: false,
    exchange: {
      token_endpoint: world.endpoint.endpoint,
      resource: INNER,
      audience: 'inner',
      scopes: ['inner:read'],
    },
  });
  expect(world.endpoint.calls).toEqual([]);
});

test('a token that is only reported: removed', async () => {
  expect(await explain('https://other.example.com/')).toContain('  Authorization: removed\n');
  expect(JSON.parse(await explain('https://other.example.com/', '--json')).forwarding.exchange).toBeNull();
});
