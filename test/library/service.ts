/** A service on loopback that checks its requests by the built `createAuthorizer`, and answers 200 with what it decided. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type * as library from '../../src/library.ts';
import { listenOnLoopback } from '../support/listener.ts';

export const { createAuthorizer, ConfigurationError } = (await import(
  new URL('../../dist/library.js', import.meta.url).href
)) as typeof library;

export interface RunningService {
  readonly port: number;
  readonly authorizer: library.Authorizer;
  /** One for each request that was decided on. */
  readonly decisions: (library.Allowed | library.Refused)[];
  close(): Promise<void>;
}

/** @param options of `createAuthorizer`. Each request's body is read before. */
export async function startService(options: library.AuthorizerOptions): Promise<RunningService> {
  const authorizer = await createAuthorizer(options);
  const decisions: RunningService['decisions'] = [];
  const server = createServer(async (request, response) => {
    const document = authorizer.metadata(request);
    if (document) {
      response.writeHead(document.status, document.headers).end(document.body);
      return;
    }
    const pieces = await request.toArray();
    const decision = await authorizer.authorize(request, pieces.length > 0 ? Buffer.concat(pieces) : undefined);
    decisions.push(decision);
    if (decision.allowed) response.end(JSON.stringify(decision));
    else response.writeHead(decision.reply.status, decision.reply.headers).end(decision.reply.body);
  });
  const port = await listenOnLoopback(server);
  const close = async () => {
    authorizer.close();
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { port, authorizer, decisions, close };
}
