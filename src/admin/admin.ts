/** The admin listener: metrics, health and the status page. Never on the data listener, so no route can shadow it and no client reach it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exposition } from '../telemetry/metrics/text-format.ts';
import { findForeign, holdsToken } from './access.ts';
import { DENIALS_PATH, readFilter } from './figures/denial-filter.ts';
import { CONTENT_SECURITY_POLICY } from './page/page.ts';
import type { Readiness } from './readiness.ts';
import { type PageSources, type SharedPage, sharePage } from './shared-page.ts';
import { shareMaking } from './shared-result.ts';

/** Read at each request. */
export interface AdminSources extends PageSources {
  readonly metrics: { expose(): Promise<Exposition> };
}

interface AnswerSources extends AdminSources {
  readonly givePage: () => Promise<SharedPage>;
  readonly giveMetrics: (patience: number) => Promise<Exposition>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | readonly Buffer[];
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** No other site reads, frames or embeds what is said here, and no cache keeps it. */
const FOR_NOBODY_ELSE = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** In milliseconds: as long as Prometheus waits by default. A reader that takes longer would keep a page of its own in memory. */
const READING_LIMIT = 10_000;

/**
 * @returns the listener's handler: `/metrics`, `/healthz` (the process answers), `/readyz` (it should be sent requests), and
 * the status page: `/` whole, `/denials` some of its denials, `/status.json` for programs, which asks for the admin token
 * where there is one.
 */
export function createAdminHandler(sources: AdminSources) {
  const givePage = sharePage(sources);
  const giveMetrics = shareMaking(() => sources.metrics.expose());
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, contentType, body, headers } = await answer({ ...sources, givePage, giveMetrics }, request).catch(
      () => FAULT,
    );
    const pieces = typeof body === 'string' ? [Buffer.from(body)] : body;
    response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': pieces.reduce((length, piece) => length + piece.length, 0),
      ...FOR_NOBODY_ELSE,
      ...headers,
    });
    const overdue = setTimeout(() => response.destroy(), READING_LIMIT).unref();
    response.once('close', () => clearTimeout(overdue));
    for (const piece of pieces) response.write(piece);
    response.end();
  };
}

async function answer(sources: AnswerSources, request: IncomingMessage): Promise<Answer> {
  const { method, url = '/' } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...json(405, { error: 'method not allowed' }), headers: { Allow: 'GET, HEAD' } };
  }
  const path = url.split('?', 1)[0];
  // Asked by load balancers and orchestrators under whatever name; they say nothing that a web site could use.
  if (path === '/healthz') return json(200, { status: 'ok' });
  if (path === '/readyz') return describeReadiness(await sources.readiness());
  const foreign = findForeign(sources.processInfo().config, request);
  if (foreign) return json(403, { error: FOREIGN[foreign] });
  switch (path) {
    case '/metrics':
      return { status: 200, ...(await sources.giveMetrics(readPatience(request))) };
    case '/':
      return showPage(sources, request, page => asPage(page.html()));
    case DENIALS_PATH:
      return showPage(sources, request, page => asPage(page.denials(readFilter(url))));
    case '/status.json':
      return showPage(sources, request, page => ({ status: 200, contentType: 'application/json', body: page.json() }));
    default:
      return json(404, { error: 'not found' });
  }
}

/** Prometheus says how long it waits for a scrape, in seconds. Half of it is for the page to be made and sent. */
function readPatience({ headers }: IncomingMessage): number {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds']);
  return seconds > 0 ? (seconds * 1_000) / 2 : Number.POSITIVE_INFINITY;
}

/** One rule for the page in all its forms. */
async function showPage(
  { processInfo, givePage }: AnswerSources,
  { headers }: IncomingMessage,
  show: (page: SharedPage) => Answer,
): Promise<Answer> {
  const { adminTokenHash } = processInfo().config;
  if (adminTokenHash !== undefined && !holdsToken(adminTokenHash, headers.authorization)) return ASK_FOR_TOKEN;
  return show(await givePage());
}

function asPage(body: string): Answer {
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body,
    headers: { 'Content-Security-Policy': CONTENT_SECURITY_POLICY },
  };
}

const FOREIGN = {
  foreign_site: 'another site asked for the page',
  foreign_host:
    'this name is not known here: ask by IP address, as localhost, by a name without a dot or by the host in admin, or add the name to admin_hosts',
} as const;

/** RFC 9110 section 11.6.1: browsers ask for a password, programs send a Bearer token. */
const ASK_FOR_TOKEN: Answer = {
  ...json(401, { error: 'the admin token is needed' }),
  headers: { 'WWW-Authenticate': ['Basic realm="audgate", charset="UTF-8"', 'Bearer realm="audgate"'] },
};

/** A page that cannot be shown must not end the gateway. */
const FAULT = json(500, { error: 'a fault of audgate' });

function describeReadiness({ ready, waitingFor, errors, draining, missingWorkers = 0 }: Readiness): Answer {
  return json(ready ? 200 : 503, {
    status: ready ? 'ready' : 'not ready',
    ...(draining && { draining }),
    ...(missingWorkers > 0 && { workers_missing: missingWorkers }),
    ...(waitingFor.length > 0 && { issuers_without_keys: waitingFor, key_errors: errors }),
  });
}

function json(status: number, content: Readonly<Record<string, unknown>>): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(content) };
}
