import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProbeClient, type ProbeRequest } from '../../../../src/probe/http/probe-client.ts';
import { startUpstream, type Upstream } from '../../../support/upstream.ts';

let api: Upstream;

beforeEach(async () => {
  api = await startUpstream({ handle: (_req, res) => res.end() });
});

afterEach(() => api.close());

function requestTo(more: Partial<ProbeRequest> = {}): ProbeRequest {
  return { url: new URL(api.origin), host: 'api.example.com', method: 'GET', path: '/', fields: [], ...more };
}

test('path, Host and doubled fields: sent as given', async () => {
  const fields = [['Authorization', 'Bearer a'] as const, ['Authorization', 'Bearer b'] as const];
  const { status } = await new ProbeClient(0).send(requestTo({ path: '/a/..%2fb/../c?d', fields }));
  expect(status).toBe(200);
  const [{ url, rawHeaders } = { url: '', rawHeaders: [] }] = api.received;
  expect(url).toBe('/a/..%2fb/../c?d');
  expect(rawHeaders).toEqual(expect.arrayContaining([['Host', 'api.example.com'], ...fields]));
  expect(rawHeaders.filter(([name]) => name === 'Authorization')).toEqual(fields);
});

test('200 requests to one API: no more of them, and again some to the next', async () => {
  const client = new ProbeClient(0);
  client.startApi();
  for (let count = 0; count < 200; count += 1) await client.send(requestTo());
  expect(await client.send(requestTo())).toMatchObject({ status: 0, failure: 'stopped after 200 requests' });
  expect(api.received.length).toBe(200);
  client.startApi();
  expect(await client.send(requestTo())).toMatchObject({ status: 200 });
});

test('429: nothing more is sent, to the next API neither', async () => {
  api.handle = (_req, res) => res.writeHead(429).end();
  const client = new ProbeClient(0);
  expect(await client.send(requestTo())).toMatchObject({ status: 429 });
  client.startApi();
  expect(await client.send(requestTo())).toMatchObject({ status: 0, failure: 'stopped: the server answered 429' });
  expect(api.received.length).toBe(1);
});

test('an event stream: its head is the answer', async () => {
  api.handle = (_req, res) => res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: a\n\n');
  expect(await new ProbeClient(0).send(requestTo())).toMatchObject({ status: 200, body: '' });
});

test('a body without an end: its first 64 KiB', async () => {
  api.handle = (_req, res) => res.write('a'.repeat(100 * 1024));
  const { body } = await new ProbeClient(0).send(requestTo());
  expect(body.length).toBe(64 * 1024);
});

test('a connection that is closed without an answer: status 0, and why', async () => {
  api.handle = req => req.socket.destroy();
  expect(await new ProbeClient(0).send(requestTo())).toMatchObject({ status: 0, failure: 'no answer (ECONNRESET)' });
});

test('a path that cannot be sent: status 0', async () => {
  const answer = await new ProbeClient(0).send(requestTo({ path: '/a b' }));
  expect(answer).toMatchObject({ status: 0, failure: 'no answer (ERR_UNESCAPED_CHARACTERS)' });
});

test('a body that trickles: its head is the answer, once the time is over', async () => {
  api.handle = (_req, res) => {
    const trickle = setInterval(() => res.write('a'), 5);
    res.on('close', () => clearInterval(trickle));
  };
  expect(await new ProbeClient(0, 100).send(requestTo())).toMatchObject({ status: 200 });
});

test('no answer in time: status 0, and why', async () => {
  api.handle = () => undefined;
  const answer = await new ProbeClient(0, 100).send(requestTo());
  expect(answer).toMatchObject({ status: 0, failure: 'no answer within 0.1 s' });
});

test('requests in a row without an answer: counted until there is one', async () => {
  const client = new ProbeClient(0);
  api.handle = req => req.socket.destroy();
  for (let count = 0; count < 3; count += 1) await client.send(requestTo());
  expect(client.faultsInARow).toBe(3);
  api.handle = (_req, res) => res.end();
  await client.send(requestTo());
  expect(client.faultsInARow).toBe(0);
});
