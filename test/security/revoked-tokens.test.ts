/**
 * A token that is taken back is refused at once, although it verifies: on the next request, whatever is cached, in every mode; and what
 * it has opened ends within a second of the reload. What others have opened goes on.
 */

import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { openConnection, type RawConnection } from '../support/raw-connection.ts';
import { bearer, headerValues, parseResponses, type RawResponse, request } from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS, SWITCHING } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const RESOURCE = 'https://api.example/';
const LIST = 'revoked.json';
/** Milliseconds after the reload within which everything must have ended. */
const PROMPT = 1000;
const POLICY_VIOLATION = '\x88\x02\x03\xf0';
const MODES = ['report', 'verify', 'enforce'] as const;
const KINDS = ['event-stream', 'stream', 'length', 'upload', 'waiting', 'websocket', 'handshake'] as const;

type Kind = (typeof KINDS)[number];

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: GatewayProcess;
const opened = new EventEmitter();
let count = 0;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  upstream.handle = (req, res) => arrive(req, res);
  upstream.handleUpgrade = (req, socket) => {
    socket
      .on('error', () => socket.destroy())
      .on('end', () => socket.end())
      .resume();
    if (!req.url?.includes('handshake')) socket.write(SWITCHING, 'latin1');
    opened.emit(req.url ?? '', socket);
  };
  const routes = MODES.map(
    mode =>
      `  /${mode}: { resource: "${RESOURCE}", upstream: "${upstream.origin}", enforcement: ${mode}, end_at_expiry: false }`,
  );
  const place = (folder: string, text: string) => {
    writeFileSync(join(folder, LIST), '[]');
    writeFileSync(join(folder, 'audgate.yaml'), text);
    return join(folder, 'audgate.yaml');
  };
  gateway = await startGatewayProcess(
    `revoked: "\${file:./${LIST}}"
workers: 2
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}", token_types: [at+jwt, JWT] } }
routes:\n${routes.join('\n')}\n`,
    { place },
  );
});

afterAll(async () => {
  await closeGatewayProcesses();
  await Promise.all([issuer.close(), upstream.close()]);
});

/** @returns when the list was in use, in milliseconds since 1970. */
async function revoke(entries: readonly object[]): Promise<number> {
  // A list that is the same as before is no change.
  const list = [...entries, { jti: `filler ${count++}` }];
  const before = gateway.lines('configuration loaded').length;
  writeFileSync(join(dirname(gateway.file), LIST), JSON.stringify(list));
  const line = await gateway.line('configuration loaded', before + 1);
  return Date.parse(String(line['time']));
}

const sign = (claims: Record<string, unknown> = {}) => issuer.sign({ claims: { aud: RESOURCE, ...claims } });

async function ask(mode: string, token: string) {
  const { status, body, headers } = await request(gateway.port, { path: `/${mode}/ask`, headers: [bearer(token)] });
  const reason = status === 200 ? undefined : JSON.parse(body.toString()).reason;
  return { status, reason, challenge: headerValues(headers, 'www-authenticate') };
}

describe('what is open when its token is taken back', () => {
  const streams = new Map<string, Stream>();
  let loadedAt: number;

  beforeAll(async () => {
    const [stolen, good] = await Promise.all([sign({ jti: 'stolen' }), sign({ jti: 'good' })]);
    for (const mode of MODES) {
      for (const kind of KINDS) {
        streams.set(`${kind} ${mode} stolen`, await open(kind, mode, stolen));
        streams.set(`${kind} ${mode} good`, await open(kind, mode, good));
      }
    }
    loadedAt = await revoke([{ jti: 'stolen' }]);
  }, 60_000);

  test.each(MODES.flatMap(mode => KINDS.map(kind => [kind, mode] as const)))(
    '%s on %s: ends as at exp, and that of another token does not',
    async (kind, mode) => {
      const stream = streams.get(`${kind} ${mode} stolen`);
      const other = streams.get(`${kind} ${mode} good`);
      if (!stream || !other) throw new Error('it was not opened');
      expect((await stream.endedAt) - loadedAt).toBeLessThan(PROMPT);
      await stream.upstreamClosed;
      const [response] = parseResponses(Buffer.from(stream.text(), 'latin1'));
      expectEnd(kind, stream.text(), response);
      expect(other.socket.destroyed).toBe(false);
      if (kind === 'event-stream' || kind === 'stream') {
        (other.atUpstream as ServerResponse).write('still here');
        await other.until('still here');
      }
    },
  );

  test('each of them: counted', async () => {
    for (const { socket } of streams.values()) socket.destroy();
    const series = 'audgate_connections_ended_total{cause="token_revoked"}';
    await expect.poll(() => gateway.sample(series), { timeout: 10_000 }).toBe(MODES.length * KINDS.length);
  });
});

describe('the next request of a token that was used before', () => {
  test.each(MODES)('on %s: 401 with a challenge, and 200 again without the entry', async mode => {
    const token = await sign({ sub: 'mallory', client_id: 'lost-laptop' });
    await revoke([]);
    for (let each = 0; each < 4; each += 1) expect(await ask(mode, token)).toMatchObject({ status: 200 });
    await revoke([{ sub: 'mallory', iss: issuer.issuer, client_id: 'lost-laptop' }]);
    for (let each = 0; each < 4; each += 1) {
      const { status, reason, challenge } = await ask(mode, token);
      expect({ status, reason }).toEqual({ status: 401, reason: 'revoked_token' });
      expect(challenge).toEqual([
        `Bearer error="invalid_token", error_description="The access token has been revoked", resource_metadata="https://api.example/.well-known/oauth-protected-resource"`,
      ]);
    }
    await revoke([{ sub: 'mallory', iss: issuer.issuer, client_id: 'another' }]);
    expect(await ask(mode, token)).toMatchObject({ status: 200 });
  });

  const hour = (offset: number) => new Date(Date.now() + offset * 3_600_000).toISOString();
  test.each<readonly [string, Record<string, unknown>, object, boolean]>([
    ['the client by azp', { client_id: undefined, azp: 'batch' }, { client_id: 'batch' }, true],
    ['another client', { client_id: 'batch', azp: 'lost' }, { client_id: 'lost' }, false],
    ['issued before', { client_id: 'a' }, { client_id: 'a', issued_before: hour(1) }, true],
    ['issued after', { client_id: 'a' }, { client_id: 'a', issued_before: hour(-1) }, false],
    ['without iat', { iat: undefined }, { issued_before: hour(-1) }, true],
    ['the issuer alone', {}, { iss: 'ISSUER' }, true],
    ['the subject of another issuer', { sub: 'x' }, { sub: 'x', iss: 'https://other.example' }, false],
    ['expired, and revoked', { jti: 'e', exp: 1_700_000_000 }, { jti: 'e' }, true],
    ['not yet valid, and revoked', { jti: 'n', nbf: 3_900_000_000, exp: 4_000_000_000 }, { jti: 'n' }, true],
    ['a jti that differs in case', { jti: 'A' }, { jti: 'a' }, false],
  ])('%s: by all claims of the entry', async (_name, claims, entry, isRevoked) => {
    const token = await sign(claims);
    await revoke(JSON.parse(JSON.stringify([entry]).replaceAll('ISSUER', issuer.issuer)));
    for (const mode of MODES) expect((await ask(mode, token)).reason === 'revoked_token').toBe(isRevoked);
  });

  test('revoked behind what the mode only reports: refused for that all the same', async () => {
    await revoke([{ jti: 'taken' }]);
    const refused = async (claims: Record<string, unknown>) => {
      const token = await sign({ jti: 'taken', ...claims });
      return Promise.all(MODES.map(async mode => (await ask(mode, token)).reason));
    };
    expect(await refused({ exp: undefined })).toEqual(['revoked_token', 'malformed_token', 'malformed_token']);
    expect(await refused({ typ: 'Refresh' })).toEqual(['revoked_token', 'revoked_token', 'wrong_token_type']);
    expect(await refused({ aud: 'https://other.example/' })).toEqual(MODES.map(() => 'revoked_token'));
  });

  test('a token that does not verify: never called revoked', async () => {
    await revoke([{ jti: 'taken' }, { issued_before: '2099-01-01T00:00:00Z' }]);
    const forged = (await sign({ jti: 'taken' })).replace(/[^.]+$/, 'A'.repeat(86));
    expect(await Promise.all(MODES.map(async mode => (await ask(mode, forged)).reason))).toEqual([
      undefined,
      'bad_signature',
      'bad_signature',
    ]);
  });

  test('the log line: reason, and the claims by which it is found', async () => {
    await revoke([{ jti: 'logged' }]);
    await ask('report', await sign({ jti: 'logged', sub: 'mallory' }));
    await expect
      .poll(() => gateway.lines('request').find(line => line['jti'] === 'logged'))
      .toMatchObject({ outcome: 'denied', reason: 'revoked_token', status: 401, sub: 'mallory', iss: issuer.issuer });
    const denials = 'audgate_denials_total{route="/report",reason="revoked_token",action="refused"}';
    await expect.poll(() => gateway.sample(denials), { timeout: 5000 }).toBeGreaterThan(0);
  });
});

describe('a list that cannot be used', () => {
  test.each([
    ['an entry that names nothing', '[{}]', '1:2: revoked[0]: the entry names nothing'],
    ['a map', '{ "jti": "a" }', 'the file holds no list'],
    ['an empty file', '', 'the file is empty'],
    ['half a file', '[{ "jti": "a" }, { "jt', 'revoked.json:'],
    ['a bad date', '[{ "jti": "a" },\n { "issued_before": "2026-02-30T00:00:00Z" }]', '2:21: revoked[1].issued_before'],
  ])('%s: the old one stays in force, and the reload has failed', async (_name, text, problem) => {
    await revoke([{ jti: 'kept' }]);
    const token = await sign({ jti: 'kept' });
    const failures = gateway.lines('reload failed').length;
    writeFileSync(join(dirname(gateway.file), LIST), text);
    const line = await gateway.line('reload failed', failures + 1);
    expect(JSON.stringify(line['problems'])).toContain(problem);
    expect(await ask('report', token)).toMatchObject({ reason: 'revoked_token' });
  });
});

function expectEnd(kind: Kind, text: string, response: RawResponse | undefined): void {
  if (kind === 'event-stream') expect(response).toMatchObject({ status: 200, complete: true });
  else if (kind === 'stream' || kind === 'length') expect(response).toMatchObject({ status: 200, complete: false });
  else if (kind === 'websocket') expect(text.endsWith(`\r\n\r\n${POLICY_VIOLATION}`)).toBe(true);
  else {
    expect(response?.status).toBe(401);
    expect(JSON.parse(response?.body.toString() ?? '').reason).toBe('revoked_token');
  }
}

interface Stream extends RawConnection {
  readonly atUpstream: Duplex | ServerResponse;
  readonly upstreamClosed: Promise<unknown>;
  readonly endedAt: Promise<number>;
}

async function open(kind: Kind, mode: string, token: string): Promise<Stream> {
  const target = `/${mode}/${count++}/${kind}`;
  const atUpstream = new Promise<Duplex | ServerResponse>(resolve => opened.once(target, resolve));
  const isUpgrade = kind === 'websocket' || kind === 'handshake';
  const fields = isUpgrade ? HANDSHAKE_FIELDS : kind === 'upload' ? 'Content-Length: 1000\r\n' : '';
  const method = kind === 'upload' ? 'POST' : 'GET';
  const head = `${method} ${target} HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${token}\r\n${fields}\r\n`;
  const client = openConnection(gateway.port, kind === 'upload' ? `${head}some` : head);
  const end = await atUpstream;
  const upstreamClosed = new Promise(resolve => end.once('close', resolve));
  const hasNoResponse = kind === 'upload' || kind === 'waiting' || kind === 'handshake';
  if (!hasNoResponse) await client.until('\r\n\r\n');
  const ending =
    kind === 'event-stream'
      ? client.until('\r\n0\r\n\r\n')
      : hasNoResponse
        ? client.until('revoked_token')
        : client.closed;
  const endedAt = ending.then(() => Date.now());
  endedAt.catch(() => undefined);
  return { ...client, atUpstream: end, upstreamClosed, endedAt };
}

function arrive(req: IncomingMessage, res: ServerResponse): void {
  const { url = '' } = req;
  res.on('error', () => undefined);
  req.on('error', () => undefined).resume();
  if (url.endsWith('/ask')) return void res.end('fine');
  if (url.endsWith('event-stream')) res.setHeader('content-type', 'text/event-stream');
  if (url.endsWith('length')) res.setHeader('content-length', '1000');
  if (url.endsWith('stream') || url.endsWith('length')) res.write('data: hello\n\n');
  opened.emit(url, res);
}
