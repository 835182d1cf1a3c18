/** An upstream that drops all its connections a hundred times: only requests on these connections may fail. */

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { startWatchedGateway } from '../fuzz/watched-gateway.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';
import { startClients } from './clients.ts';
import { RESOURCE } from './world.ts';

const RESTARTS = 100;
const CLIENTS = 50;

export async function showRestarts(): Promise<boolean> {
  const sockets = new Set<Socket>();
  const unanswered = new Set<ServerResponse>();
  const server = createServer((_request, response) => {
    unanswered.add(response);
    setTimeout(() => {
      unanswered.delete(response);
      response.end('ok');
    }, Math.random() * 20);
  });
  server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = await startTokenIssuer();
  const gateway = await startWatchedGateway(`
issuers: { '${issuer.issuer}': { jwks_uri: '${issuer.jwksUri}' } }
routes: { /a: { resource: '${RESOURCE}', upstream: 'http://127.0.0.1:${port}' } }
`);
  const token = await issuer.sign({ claims: { aud: RESOURCE } });
  const clients = startClients(gateway.port, CLIENTS, token);
  let cut = 0;
  for (let restart = 0; restart < RESTARTS; restart++) {
    await delay(50);
    cut += unanswered.size;
    unanswered.clear();
    for (const socket of sockets) socket.resetAndDestroy();
  }
  await delay(200);
  const { answered, statuses, failures } = await clients.stop();
  const failure = gateway.failure();
  gateway.kill();
  server.close();
  await issuer.close();
  const bad = statuses['502'] ?? 0;
  console.log(`${RESTARTS} restarts; answered ${answered}`, statuses, 'failed', failures);
  console.log(`requests that the upstream had and did not answer ${cut}; 502 ${bad}`);
  return bad <= cut && failure === undefined && Object.keys(failures).length === 0;
}
