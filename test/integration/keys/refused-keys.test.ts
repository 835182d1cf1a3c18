/** Keys that an issuer publishes and that are not used: named once in the log, on the status page, in /status.json and by explain. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { statusWithToken } from '../../support/outcome.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const RESOURCE = 'https://api.example.com/';

type Pair = { readonly publicKey: { export(options: { format: 'jwk' }): object } };
const publicOf = ({ publicKey }: Pair) => publicKey.export({ format: 'jwk' }) as JWK;
const ED448 = { ...publicOf(generateKeyPairSync('ed448')), kid: 'ed-448' };
const WEAK = { ...publicOf(generateKeyPairSync('rsa', { modulusLength: 1024 })), kid: 'weak\u202e' };
const ENCRYPTION = { ...publicOf(generateKeyPairSync('rsa', { modulusLength: 2048 })), kid: 'enc', use: 'enc' };

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let yaml: string;

beforeEach(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const [good] = issuer.jwks?.keys ?? [];
  // `null` where others leave a member out, as some issuers write it.
  const written = { ...good, alg: null, use: '', key_ops: [], d: null } as unknown as JWK;
  issuer.jwks = { keys: [ED448, WEAK, ENCRYPTION, written, written] };
  yaml = `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}", keys: { cooldown: 1ms } } }
routes: { /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" } }
`;
  gateway = await startGateway(yaml);
});

afterEach(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const FAULTS = [
  { kid: 'ed-448', reason: 'its curve "Ed448" is not supported' },
  { kid: 'weak\u202e', reason: 'RSA with 1024 bits, fewer than 2048' },
  { kid: 'key-1', reason: 'the same key a second time' },
];

test('the log: each mistake once, with kid and reason, and again only for a new one; no encryption key', async () => {
  const logged = () => gateway.log.filter(({ msg }) => msg === 'keys of the issuer cannot be used');
  expect(logged()).toEqual([expect.objectContaining({ level: 'warn', issuer: issuer.issuer, keys: FAULTS })]);
  await gateway.server.gateway.verifier.refetch();
  expect(logged()).toHaveLength(1);
  const added = { kty: 'XYZ', kid: 'added' };
  issuer.jwks = { keys: [...(issuer.jwks?.keys ?? []), added] };
  await gateway.server.gateway.verifier.refetch();
  expect(logged()[1]).toMatchObject({ keys: [{ kid: 'added', reason: 'its type "XYZ" is not supported' }] });
});

test('the good key among them: used, though its members are null or empty', async () => {
  expect(await statusWithToken(gateway.port, '/api', await issuer.sign({ claims: { aud: RESOURCE } }))).toBe(200);
});

test('/status.json and the page: every one of them, the encryption key too', async () => {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/status.json`);
  const { issuers } = (await response.json()) as { issuers: readonly { refused_keys: unknown }[] };
  const encryption = { kid: 'enc', reason: 'for encryption (use)' };
  expect(issuers[0]?.refused_keys).toEqual([FAULTS[0], FAULTS[1], encryption, FAULTS[2]]);
  const page = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/`)).text();
  for (const { reason } of [...FAULTS, encryption]) expect(page).toContain(reason.replaceAll('"', '&quot;'));
});

test('explain: a token of a key that is published but not used is told from one of no key', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-refused-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, yaml);
  const explain = async (kid: string) => {
    writeFileSync(join(folder, 'token'), await issuer.sign({ claims: { aud: RESOURCE }, header: { kid } }));
    const args = ['--config', file, '--token-file', join(folder, 'token'), 'http://localhost/api'];
    return (await runExplain(args)).stdout;
  };
  const ofEd448 = await explain('ed-448');
  expect(ofEd448).toContain('unknown_key');
  expect(ofEd448.replace(/\s+/g, ' ')).toContain(
    'publishes the key "ed-448", but it cannot be used here: its curve "Ed448" is not supported',
  );
  expect((await explain('none-such')).replace(/\s+/g, ' ')).toContain('publishes no key "none-such"');
  rmSync(folder, { recursive: true });
});
