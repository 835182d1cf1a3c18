/** Bodies that are read before the decision: how much memory they have together, and what becomes of a token while they come. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnected } from '../support/raw-connection.ts';
import { parseResponses, type RawResponse, sendRaw } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { eventually, pauseUntil } from '../support/waiting.ts';

const RESOURCE = 'https://tools.example/mcp';
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{}}}';
const MIB = 1024 * 1024;

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const mcp = 'mcp: { max_body: 64MiB, tools: { add: [] }, revisions: ["2025-03-26", "2025-11-25"] }';
  gateway = await startGateway(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /mcp: { resource: "${RESOURCE}", upstream: "${upstream.origin}", ${mcp} }
  /other: { resource: "https://tools.example/other", audiences: ["tools"], upstream: "${upstream.origin}", ${mcp} }
  /public: { public: true, upstream: "${upstream.origin}", mcp: true }
`);
  token = await issuer.sign({ claims: { aud: [RESOURCE, 'tools'] } });
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterEach(destroyConnections);

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const headOf = (path: string, framing: string, type = 'application/json', bearer = token) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: ${type}\r\n${framing}\r\n\r\n`;
const WHOLE = `Content-Length: ${CALL.length}`;

async function send(raw: string): Promise<RawResponse> {
  const [response] = parseResponses(await sendRaw(gateway.port, raw, { responses: 1 }));
  if (!response) throw new Error('no response');
  return response;
}

describe('the memory of all bodies together', () => {
  test('256 MiB on two routes: a further body gets 503 with Retry-After, until one of them has gone', {
    timeout: 60_000,
  }, async () => {
    const piece = ' '.repeat(MIB);
    const hold = async (path: string) => {
      const holder = await openConnected(gateway.port, headOf(path, 'Transfer-Encoding: chunked'));
      holder.send(`${(64 * MIB).toString(16)}\r\n`);
      for (let sent = 0; sent < 64; sent += 1) holder.send(piece);
      return holder;
    };
    const paths = ['/mcp', '/other', '/mcp', '/other'];
    const holders = await Promise.all(paths.map(hold));
    let refused: RawResponse | undefined;
    await eventually(async () => {
      refused = await send(headOf('/mcp', WHOLE) + CALL);
      // The last bytes of a holder may have come while this body took their place: then the holder was refused.
      for (const [index, path] of paths.entries()) {
        if (holders[index]?.text() !== '') holders[index] = await hold(path);
      }
      return refused.status === 503;
    });
    expect(JSON.parse(String(refused?.body))).toMatchObject({ reason: 'overloaded' });
    expect(refused?.headers.map(([name]) => name.toLowerCase())).toContain('retry-after');
    expect((await send(`${headOf('/mcp', 'Transfer-Encoding: chunked')}1\r\n{\r\n`)).status).toBe(503);
    holders[1]?.socket.destroy();
    await eventually(async () => (await send(headOf('/mcp', WHOLE) + CALL)).status === 200);
  });
});

describe('a body whose request is answered for hours', () => {
  test('four of 64 MiB that began event streams: they leave their room to others, and the server got every byte', {
    timeout: 60_000,
  }, async () => {
    const handle = upstream.handle;
    const lengths: number[] = [];
    upstream.handle = async (req, res) => {
      let length = 0;
      for await (const piece of req) length += piece.length;
      lengths.push(length);
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    };
    const padding = ' '.repeat(MIB);
    const streams = await Promise.all(
      Array.from({ length: 4 }, () => openConnected(gateway.port, headOf('/mcp', `Content-Length: ${64 * MIB}`))),
    );
    for (const stream of streams) {
      for (let sent = 1; sent < 64; sent += 1) stream.send(padding);
      stream.send(`${CALL}${' '.repeat(MIB - CALL.length)}`);
      await stream.until('data: 1');
    }
    upstream.handle = handle;
    expect(lengths).toEqual(Array.from({ length: 4 }, () => 64 * MIB));
    expect((await send(headOf('/other', WHOLE) + CALL)).status).toBe(200);
    expect(streams.filter(({ socket }) => socket.destroyed)).toEqual([]);
  });
});

describe('requests of anybody, on a public route', () => {
  const head =
    'POST /public HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 1900-01-01\r\n';

  test('of a revision that is not served, with bodies that do not come: they have 4 MiB together, and are refused beyond', async () => {
    const raw = `${head}Content-Length: 65536\r\n\r\n{`;
    const holders = await Promise.all(Array.from({ length: 100 }, () => openConnected(gateway.port, raw)));
    await eventually(() => holders.filter(holder => holder.text().includes('-32022')).length === 36);
    const readId = async () => JSON.parse(String((await send(`${head}${WHOLE}\r\n\r\n${CALL}`)).body)).id;
    expect(await readId()).toBeNull();
    expect((await send(headOf('/mcp', WHOLE) + CALL)).status).toBe(200);
    destroyConnections();
    await eventually(async () => (await readId()) === 1);
  });
});

describe('a body that takes its time', () => {
  /** @returns the response to a call whose second half is sent after `at`. */
  async function sendSlowly(bearer: string, at: number): Promise<RawResponse | undefined> {
    const connection = await openConnected(gateway.port, headOf('/mcp', WHOLE, 'application/json', bearer));
    connection.send(CALL.slice(0, 20));
    await pauseUntil(at);
    connection.send(CALL.slice(20));
    await connection.until(/\r\n\r\n.*\}/s);
    return parseResponses(Buffer.from(connection.text(), 'latin1'))[0];
  }

  test('its token expires meanwhile: 401, and nothing reaches the upstream', async () => {
    const exp = Math.floor(Date.now() / 1000) + 3;
    const response = await sendSlowly(await issuer.sign({ claims: { aud: RESOURCE, exp } }), exp * 1000 + 50);
    expect(response?.status).toBe(401);
    expect(JSON.parse(String(response?.body))).toMatchObject({ reason: 'token_expired' });
    expect(upstream.received).toEqual([]);
  });

  test('its token expires within the second that the body takes: 401, too', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const late = await issuer.sign({ claims: { aud: RESOURCE, exp } });
    await pauseUntil(exp * 1000 - 500);
    const response = await sendSlowly(late, exp * 1000 + 50);
    expect(JSON.parse(String(response?.body))).toMatchObject({ reason: 'token_expired' });
    expect(upstream.received).toEqual([]);
  });

  test('its token does not: forwarded', async () => {
    expect((await sendSlowly(token, Date.now() + 1_100))?.status).toBe(200);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a chunked body', () => {
  test('of another media type: 415 without waiting for it, and nothing reaches the upstream', async () => {
    const chunked = 'Transfer-Encoding: chunked';
    expect((await send(headOf('/mcp', chunked, 'text/plain'))).status).toBe(415);
    expect(
      (await send(`${headOf('/mcp', chunked, 'text/plain')}${CALL.length.toString(16)}\r\n${CALL}\r\n0\r\n\r\n`))
        .status,
    ).toBe(415);
    expect(upstream.received).toEqual([]);
  });
});

describe('names that a client invents', () => {
  test('10,000 tools and 10,000 methods: one series each, and no name in the exposition', {
    timeout: 60_000,
  }, async () => {
    const message = (method: string, name: string, id: number) =>
      `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{"name":"${name}","arguments":{}}}`;
    const ids = Array.from({ length: 10_000 }, (_, index) => index);
    const tools = `[${ids.map(id => message('tools/call', `invented-${id}`, id)).join()}]`;
    const methods = `[${ids.map(id => message(`invented/${id}`, 'add', id)).join()}]`;
    for (const body of [tools, methods]) {
      expect((await send(headOf('/mcp', `Content-Length: ${body.length}`) + body)).status).toBe(200);
    }
    // And one by one, on one connection.
    const singles = ids.slice(0, 200).map(id => message('tools/call', `single-${id}`, id));
    const raw = singles.map(body => headOf('/mcp', `Content-Length: ${body.length}`) + body).join('');
    expect(
      parseResponses(await sendRaw(gateway.port, raw, { responses: singles.length, timeout: 30_000 })),
    ).toHaveLength(singles.length);
    const page = await gateway.scrape();
    expect(page).not.toMatch(/invented|single-/);
    const series = page.split('\n').filter(line => line.startsWith('audgate_mcp_calls_total{route="/mcp"'));
    const counted = series.filter(line => line.includes('tool="other"') && !line.endsWith(' 0'));
    expect(
      counted.map(line => line.replace(/^.*mcp_method="([^"]*)".*outcome="([^"]*)".* (\d+)$/, '$1 $2 $3')).sort(),
    ).toEqual(['other forwarded 10000', 'tools/call forwarded 10200']);
  });
});
