/** What the log, standard error and metrics contain: no secret of any request. */

import type { IncomingMessage } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';
import type { RunningProgram } from '../../support/program.ts';
import { request, sendRaw } from '../../support/raw-http.ts';
import {
  admin,
  gatewayYaml,
  get,
  issuer,
  launch,
  OTHER,
  portsOf,
  RESOURCE,
  startReady,
  upstream,
  useProcessFixture,
  writeConfig,
} from './fixture.ts';

useProcessFixture();

describe('the log', () => {
  test('standard output closed by its reader: the process serves on', async () => {
    const gateway = await startReady();
    gateway.child.stdout?.destroy();
    gateway.child.stderr?.destroy();
    for (let count = 0; count < 200; count += 1) expect((await get(gateway)).status).toBe(200);
    expect((await admin(gateway, '/healthz')).status).toBe(200);
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
  });

  test('standard output that is not read: the process serves on', async () => {
    const gateway = await startReady();
    gateway.child.stdout?.pause();
    const path = `/api/${'a'.repeat(1000)}`;
    for (let count = 0; count < 300; count += 1) expect((await get(gateway, path)).status).toBe(200);
    gateway.child.stdout?.resume();
    await gateway.line('request', 300);
  });

  test('standard output closed by a reader that has not taken every line: the process serves on, and ends at SIGTERM', async () => {
    const gateway = await startReady();
    gateway.child.stdout?.pause();
    const path = `/api/${'a'.repeat(1000)}`;
    for (let count = 0; count < 300; count += 1) expect((await get(gateway, path)).status).toBe(200);
    gateway.child.stdout?.destroy();
    gateway.child.stderr?.destroy();
    for (let count = 0; count < 3; count += 1) expect((await get(gateway)).status).toBe(200);
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
  });

  test('tokens, cookies, queries, secrets, path parameters: none in log, standard error or metrics', async () => {
    const marks = new Marks();
    const text = `${gatewayYaml()}  /dead: { public: true, upstream: "http://127.0.0.1:1", allow_encoded: [";", "%3B"] }\n`;
    const gateway = launch(['--config', writeConfig(text)], { SECRET_OF_THE_ENVIRONMENT: marks.next() });
    await gateway.line('listening');
    const stranger = await generateKeyPair('ES256', { extractable: true });
    expect(await exportJWK(stranger.publicKey)).toBeDefined();
    const tokens = await makeTokens(marks);
    const sent = [
      ...tokens,
      `Basic ${marks.next()}`,
      `Bearer ${marks.next()}`,
      `Bearer a.${marks.next()}.c`,
      marks.next(),
    ];
    for (const authorization of sent) {
      for (const path of ['/api/a', '/open/a', '/other/a', '/nowhere', '/dead/a', '/report/a']) {
        await sendAnyway(
          gateway,
          `GET ${path}?access_token=${marks.next()}&${marks.next()}#${marks.next()}`,
          authorization,
          marks,
        );
        await sendAnyway(gateway, `POST ${path}?${marks.next()}`, authorization, marks);
      }
    }
    const targets = [
      `http://user:${marks.next()}@127.0.0.1:${portsOf(gateway)[0]}/open/a?${marks.next()}`,
      `http://127.0.0.1:${portsOf(gateway)[0]}/open/a?${marks.next()}`,
      `?${marks.next()}`,
      `/open/a\x01?${marks.next()}`,
      `/open/a/../b?${marks.next()}`,
      `/open//a?${marks.next()}`,
      `/open/%zz?${marks.next()}`,
      `/nowhere/%zz;${marks.next()}`,
    ];
    for (const target of targets) await sendAnyway(gateway, `GET ${target}`, sent[0] ?? '', marks);
    await sendRaw(portsOf(gateway)[0], `GARBAGE ${marks.next()}\r\nAuthorization: Bearer ${marks.next()}\r\n\r\n`);
    await sendRaw(portsOf(gateway)[0], `GET /open/a HTTP/1.1\r\nHost: u:${marks.next()}@a\r\n\r\n`, { responses: 1 });
    await sendRaw(
      portsOf(gateway)[0],
      `GET /api/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${'a'.repeat(70_000)}${marks.next()}\r\n\r\n`,
    );
    await sendRaw(
      portsOf(gateway)[0],
      `GET /api/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: ${marks.next()}\r\nCookie: ${marks.next()}\r\n\r\n`,
    );
    upstream.handle = (req: IncomingMessage) =>
      req.socket.end(`HTTP/1.1 200 \x01${marks.next()}\r\nX-A: \x01${marks.next()}\r\n\r\n`);
    expect((await get(gateway)).status).toBeGreaterThanOrEqual(200);
    const metrics = (await admin(gateway, '/metrics')).body;
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
    const output = `${gateway.stdout()}${gateway.stderr()}${metrics}`;
    expect(gateway.lines().filter(({ msg }) => msg === 'request').length).toBeGreaterThan(60);
    expect(marks.foundIn(output)).toEqual([]);
    for (const { msg } of gateway.lines()) expect(typeof msg).toBe('string');
  });

  test.each([
    ['a path parameter', '/open/a;jsessionid=MARK'],
    ['an encoded path parameter', '/open/a%3Bjsessionid=MARK'],
    ['an encoded query', '/open/a%3Ftoken=MARK'],
    ['a query encoded twice', '/open/a%253Ftoken=MARK'],
    ['an encoded fragment', '/open/a%23MARK'],
    ['a path parameter where allow_encoded lets it pass', '/lax/a;jsessionid=MARK'],
    ['an encoded query where allow_encoded lets it pass', '/lax/a%3Ftoken=MARK'],
  ])('%s: not in the output', async (_name, target) => {
    const lax = `  /lax: { public: true, upstream: "${upstream.origin}", allow_encoded: [";", "%3F"] }\n`;
    const gateway = launch(['--config', writeConfig(`${gatewayYaml()}${lax}`)]);
    await gateway.line('listening');
    await request(portsOf(gateway)[0], { path: target.replace('MARK', 's3cret') });
    await gateway.line('request');
    expect(gateway.stdout()).not.toContain('s3cret');
  });
});

/** Numbered secrets that must appear nowhere in the output. */
class Marks {
  readonly #marks: string[] = [];

  next(): string {
    const mark = `s3cret${this.#marks.length}x`;
    this.#marks.push(mark);
    return mark;
  }

  /** A token's parts are found too, however long. */
  add(text: string): string {
    this.#marks.push(text);
    return text;
  }

  foundIn(output: string): string[] {
    return this.#marks.filter(mark => output.includes(mark));
  }
}

/** Valid and invalid tokens. Only the claims that the log records may appear, and only of tokens whose signature is good. */
/** `iss` and `kid` of a token that does not verify are logged, so they are no secret here. */
async function makeTokens(marks: Marks): Promise<string[]> {
  const good = await issuer.sign({ claims: { aud: RESOURCE, email: marks.next(), nonce: marks.next() } });
  const foreign = await issuer.sign({ claims: { aud: OTHER } });
  const expired = await issuer.sign({ claims: { aud: RESOURCE, exp: 1, sub: 'alice', email: marks.next() } });
  const unknown = await issuer.sign({ claims: { aud: marks.next(), iss: 'https://stranger.example/' } });
  const strange = await issuer.sign({
    claims: { aud: RESOURCE, sub: marks.next() },
    header: { kid: 'unknown', alg: 'ES256' },
  });
  const typed = await issuer.sign({ claims: { aud: [marks.next(), 7] }, header: { typ: marks.next() } });
  const tokens = [good, foreign, expired, unknown, strange, typed];
  for (const each of tokens) for (const part of each.split('.')) marks.add(part);
  return [...tokens.map(each => `Bearer ${each}`), `Bearer ${tamper(good)}`];
}

function tamper(good: string): string {
  return `${good.slice(0, -4)}AAAA`;
}

/** One request with a secret in every field; any response is fine. */
async function sendAnyway(gateway: RunningProgram, line: string, authorization: string, marks: Marks): Promise<void> {
  const names = [
    'Cookie',
    'X-Api-Key',
    'Referer',
    'User-Agent',
    'Origin',
    'X-Forwarded-For',
    'Forwarded',
    'Proxy-Authorization',
  ];
  const fields = names.map(name => `${name}: ${marks.next()}\r\n`).join('');
  const [method = '', target = ''] = line.split(' ');
  const head = `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: ${authorization}\r\n`;
  await sendRaw(portsOf(gateway)[0], Buffer.from(`${head}${fields}\r\n`, 'latin1'));
}
