/** The listener of the authorizer in the built program: workers, reload, drain, unix socket, and whom it answers. */

import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import {
  closeGatewayProcesses,
  type GatewayProcess,
  reloadWith,
  startGatewayProcess,
} from '../../support/gateway-process.ts';
import { bearer, parseResponses, sendRaw } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { eventually } from '../../support/waiting.ts';
import { ask, fieldsOf, formatQuestion } from './fixture.ts';

let issuer: TokenIssuer;
let token: string;
const API = 'https://api.example/';

beforeAll(async () => {
  issuer = await startTokenIssuer();
  token = await issuer.sign({ claims: { aud: API, sub: 'alice' } });
});
afterEach(closeGatewayProcesses);
afterAll(() => issuer.close());

const routes = (more = '') => `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /api: { resource: "${API}"${more} }
`;
const question = (value = token) => formatQuestion('envoy', { target: '/api', headers: [bearer(value)] });
const portOf = (gateway: GatewayProcess): number => {
  const [line] = gateway.lines('listening') as readonly { readonly authorizer: { readonly port: number } }[];
  return line?.authorizer.port ?? 0;
};

describe.each([1, 2])('%i workers', workers => {
  test('answers, reloads, and drains the questions that were accepted', async () => {
    const yaml = (more = '') => `workers: ${workers}\nauthorizer: 127.0.0.1:0\n${routes(more)}`;
    const gateway = await startGatewayProcess(yaml());
    const port = portOf(gateway);
    expect(fieldsOf(await ask(port, question()))).not.toHaveProperty('x-user');
    await reloadWith(gateway, yaml(', claims_to_headers: { X-User: sub }'));
    expect(fieldsOf(await ask(port, question()))).toMatchObject({ 'x-user': 'alice' });
    expect(gateway.lines('request').every(line => line['via'] === 'authorizer')).toBe(true);
    await eventually(
      async () => (await gateway.sample('audgate_requests_total{route="/api",method="GET",status="200"}')) === 2,
    );

    const socket = connect(port, '127.0.0.1');
    const [first, rest] = [question().slice(0, 20), question().slice(20)];
    const received: Buffer[] = [];
    const closed = new Promise(resolve => socket.on('data', piece => received.push(piece)).once('close', resolve));
    await new Promise<void>(resolve => socket.write(first, () => resolve()));
    await eventually(async () => (await gateway.sample('audgate_open_connections{kind="http"}')) > 0);
    gateway.child.kill('SIGTERM');
    await gateway.line('draining');
    socket.write(rest);
    await closed;
    const [answer] = parseResponses(Buffer.concat(received));
    expect(answer).toMatchObject({ status: 200 });
    expect(await gateway.exit).toBe(0);
  });
});

test('authorizer taken out of the file: it goes on until a restart, which the log asks for', async () => {
  const upstream = ', upstream: http://127.0.0.1:1, claims_to_headers: { X-User: sub }';
  const gateway = await startGatewayProcess(`authorizer: 127.0.0.1:0\n${routes(upstream)}`);
  await reloadWith(gateway, routes(upstream));
  expect(await gateway.line('a restart is needed for what changed')).toMatchObject({ settings: ['authorizer'] });
  const answer = await ask(portOf(gateway), question());
  expect(fieldsOf(answer)).toMatchObject({ 'x-user': 'alice', 'x-envoy-auth-headers-to-remove': 'authorization' });
});

test('a unix socket: answered, guarded by the mode of its file', async () => {
  let path = '';
  const place = (folder: string, text: string) => {
    path = join(folder, 'authorizer.sock');
    writeFileSync(join(folder, 'audgate.yaml'), text.replace('SOCKET', path));
    return join(folder, 'audgate.yaml');
  };
  await startGatewayProcess(`authorizer: { listen: "unix:SOCKET" }\n${routes()}`, { place });
  const socket = connect({ path });
  const received: Buffer[] = [];
  socket.on('data', piece => received.push(piece)).write(question());
  await eventually(() => parseResponses(Buffer.concat(received), { open: true })[0]?.status === 200);
  socket.destroy();
});

test('plain HTTP beside tls, which is that of the data listener', async () => {
  const gateway = await startGateway(`authorizer: 127.0.0.1:0\n${routes()}`);
  expect(await ask(gateway.authorizerPort, question())).toMatchObject({ status: 200 });
  await gateway.close();
});

const address = Object.values(networkInterfaces())
  .flat()
  .find(each => each?.family === 'IPv4' && !each.internal)?.address;

describe.runIf(address !== undefined)('a connection from another address than loopback', () => {
  const send = (port: number, bytes: string) => sendRaw(port, bytes, { host: address ?? '' });

  test.each([
    question,
    () => 'GET /.well-known/oauth-protected-resource HTTP/1.1\r\nHost: api.example\r\n\r\n',
    () => 'nonsense\r\n\r\n',
  ])('no peer: 403, whatever it asks, counted and not logged as a request', async bytes => {
    const gateway = await startGateway(`authorizer: { listen: "0.0.0.0:0", peers: [203.0.113.0/24] }\n${routes()}`);
    const [answer] = parseResponses(await send(gateway.authorizerPort, bytes()));
    expect(answer).toMatchObject({ status: 403, complete: true });
    expect(answer && fieldsOf(answer)['connection']).toBe('close');
    expect(await gateway.sample('audgate_connections_ended_total{cause="unknown_peer"}')).toBe(1);
    expect(gateway.log.filter(line => line['msg'] === 'request')).toEqual([]);
    await gateway.close();
  });

  test('one of peers: answered; no longer after a reload without it', async () => {
    const yaml = (peers: string) => `authorizer: { listen: "0.0.0.0:0", peers: [${peers}] }\n${routes()}`;
    const gateway = await startGatewayProcess(yaml(`"${address}", "2001:db8::/32"`));
    const port = portOf(gateway);
    const statusOf = async () =>
      parseResponses(await sendRaw(port, question(), { host: address ?? '', responses: 1 }))[0]?.status;
    expect(await statusOf()).toBe(200);
    await reloadWith(gateway, yaml('203.0.113.1'));
    expect(await statusOf()).toBe(403);
    expect(await ask(port, question())).toMatchObject({ status: 200 });
  });
});
