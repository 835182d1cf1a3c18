/** The admin listener: metrics and health. Never on the data listener, so no route can shadow it and no client reach it. */

import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Readiness {
  readonly ready: boolean;
  /** Issuers without a key. */
  readonly waitingFor: readonly string[];
  readonly draining: boolean;
  /** Workers that do not serve, or did not answer. */
  readonly missingWorkers?: number;
}

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** Read at each request. */
export interface AdminSources {
  readonly metrics: { expose(): Promise<Exposition> };
  readonly readiness: () => Readiness | Promise<Readiness>;
}

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** @returns the listener's handler: `/metrics`, `/healthz` (the process answers), `/readyz` (it should be sent requests). */
export function createAdminHandler(sources: AdminSources) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, contentType, body } = await answer(sources, request);
    response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(status === 405 && { Allow: 'GET, HEAD' }),
    });
    response.end(body);
  };
}

async function answer({ metrics, readiness }: AdminSources, { method, url = '/' }: IncomingMessage): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'method not allowed' });
  switch (url.split('?', 1)[0]) {
    case '/metrics':
      return { status: 200, ...(await metrics.expose()) };
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz':
      return describeReadiness(await readiness());
    default:
      return json(404, { error: 'not found' });
  }
}

function describeReadiness({ ready, waitingFor, draining, missingWorkers = 0 }: Readiness): Page {
  return json(ready ? 200 : 503, {
    status: ready ? 'ready' : 'not ready',
    ...(draining && { draining }),
    ...(missingWorkers > 0 && { workers_missing: missingWorkers }),
    ...(waitingFor.length > 0 && { issuers_without_keys: waitingFor }),
  });
}

function json(status: number, content: Readonly<Record<string, unknown>>): Page {
  return { status, contentType: 'application/json', body: JSON.stringify(content) };
}
