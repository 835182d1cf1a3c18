/** The admin listener: metrics, health and the status page. Never on the data listener, so no route can shadow them and no client reach them. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exposition, MetricsForm } from '../telemetry/metrics/text-format.ts';
import { findAccessRefusal, hasAdminToken, isSameOrigin } from './access.ts';
import { DENIALS_PATH, readFilter } from './figures/denial-filter.ts';
import { chooseMetricsForm } from './metrics-form.ts';
import { CONTENT_SECURITY_POLICY } from './page/page.ts';
import type { Readiness } from './readiness.ts';
import { type PageSources, type SharedPage, sharePage } from './shared-page.ts';
import { shareResult } from './shared-result.ts';

/** Called for each request. */
export interface AdminSources extends PageSources {
  readonly metrics: { expose(form: MetricsForm): Promise<Exposition> };
  /** Fetches the keys of every issuer now, whatever the cooldown. */
  readonly refetchKeys: () => void;
}

interface SharedSources extends AdminSources {
  readonly getPage: () => Promise<SharedPage>;
  readonly getMetrics: Readonly<Record<MetricsForm, (maxWait: number) => Promise<Exposition>>>;
}

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | readonly Buffer[];
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** No other site can read, frame or embed the pages, and no cache stores them. */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Milliseconds for a reader to take a page, as long as Prometheus waits by default. A slow reader would keep its copy of the
 * page in memory.
 */
const READ_LIMIT = 10_000;

const KEY_REFRESH_PATH = '/keys/refresh';

/**
 * @returns the listener's handler: `/metrics`, `/healthz` (the process runs), `/readyz` (it should be sent requests), and the
 * status page, which needs the admin token where one is configured: `/` whole, `/denials` some of its denials, `/status.json`
 * for programs. `POST /keys/refresh` fetches keys.
 */
export function createAdminHandler(sources: AdminSources) {
  const getPage = sharePage(sources);
  const share = (form: MetricsForm) => shareResult(() => sources.metrics.expose(form));
  const getMetrics = { text: share('text'), openmetrics: share('openmetrics') };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, contentType, body, headers } = await createReply(
      { ...sources, getPage, getMetrics },
      request,
    ).catch(() => INTERNAL_ERROR);
    const pieces = typeof body === 'string' ? [Buffer.from(body)] : body;
    response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': pieces.reduce((length, piece) => length + piece.length, 0),
      ...SECURITY_HEADERS,
      ...headers,
    });
    const overdue = setTimeout(() => response.destroy(), READ_LIMIT).unref();
    response.once('close', () => clearTimeout(overdue));
    for (const piece of pieces) response.write(piece);
    response.end();
  };
}

async function createReply(sources: SharedSources, request: IncomingMessage): Promise<Reply> {
  const { method, url = '/' } = request;
  const path = url.split('?', 1)[0];
  if (path === KEY_REFRESH_PATH) return refetchKeys(sources, request);
  if (method !== 'GET' && method !== 'HEAD') return refuseMethod('GET, HEAD');
  // Not checked: load balancers use any name as Host, and these pages hold nothing of use to a web site.
  if (path === '/healthz') return json(200, { status: 'ok' });
  if (path === '/readyz') return describeReadiness(await sources.readiness());
  const refusal = findAccessRefusal(sources.processInfo().config, request);
  if (refusal) return json(403, { error: ACCESS_ERRORS[refusal] });
  switch (path) {
    case '/metrics':
      return showMetrics(sources, request);
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

/** The only request that changes something: POST, of this origin, and only with the admin token. It does not wait for the keys. */
function refetchKeys({ processInfo, refetchKeys: start }: SharedSources, request: IncomingMessage): Reply {
  const { config } = processInfo();
  const refusal = findAccessRefusal(config, request) ?? (isSameOrigin(request) ? undefined : 'other_site');
  if (refusal) return json(403, { error: ACCESS_ERRORS[refusal] });
  if (request.method !== 'POST') return refuseMethod('POST');
  if (config.adminTokenHash === undefined) return json(403, { error: 'only with admin_token in the configuration' });
  if (!hasAdminToken(config.adminTokenHash, request.headers.authorization)) return TOKEN_NEEDED;
  start();
  return json(202, { status: 'the keys of every issuer are being fetched' });
}

function refuseMethod(allowed: string): Reply {
  return { ...json(405, { error: 'method not allowed' }), headers: { Allow: allowed } };
}

/** A cache between would have to know that the form depends on Accept. */
async function showMetrics({ getMetrics }: SharedSources, request: IncomingMessage): Promise<Reply> {
  const page = await getMetrics[chooseMetricsForm(request.headers.accept)](readScrapeTimeout(request));
  return { status: 200, ...page, headers: { Vary: 'Accept' } };
}

/** Prometheus sends the seconds that it waits for a scrape. @returns half of them in milliseconds: the rest is for making the page. */
function readScrapeTimeout({ headers }: IncomingMessage): number {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds']);
  return seconds > 0 ? (seconds * 1_000) / 2 : Number.POSITIVE_INFINITY;
}

/** The status page in any of its forms, which all need the admin token. */
async function showPage(
  { processInfo, getPage }: SharedSources,
  { headers }: IncomingMessage,
  show: (page: SharedPage) => Reply,
): Promise<Reply> {
  const { adminTokenHash } = processInfo().config;
  if (adminTokenHash !== undefined && !hasAdminToken(adminTokenHash, headers.authorization)) return TOKEN_NEEDED;
  return show(await getPage());
}

function asPage(body: string): Reply {
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body,
    headers: { 'Content-Security-Policy': CONTENT_SECURITY_POLICY },
  };
}

const ACCESS_ERRORS = {
  other_site: 'another site asked for the page',
  unknown_host:
    'this name is not known here: ask by IP address, as localhost, by a name without a dot or by the host in admin, or add the name to admin_hosts',
} as const;

/** RFC 9110 section 11.6.1. Browsers ask the user for a password (Basic), programs send the token as Bearer. */
const TOKEN_NEEDED: Reply = {
  ...json(401, { error: 'the admin token is needed' }),
  headers: { 'WWW-Authenticate': ['Basic realm="audgate", charset="UTF-8"', 'Bearer realm="audgate"'] },
};

/** An exception while a page is made must not end the process. */
const INTERNAL_ERROR = json(500, { error: 'a fault of audgate' });

function describeReadiness({ ready, waitingFor, errors, draining, missingWorkers = 0 }: Readiness): Reply {
  return json(ready ? 200 : 503, {
    status: ready ? 'ready' : 'not ready',
    ...(draining && { draining }),
    ...(missingWorkers > 0 && { workers_missing: missingWorkers }),
    ...(waitingFor.length > 0 && { issuers_without_keys: waitingFor, key_errors: errors }),
  });
}

function json(status: number, content: Readonly<Record<string, unknown>>): Reply {
  return { status, contentType: 'application/json', body: JSON.stringify(content) };
}
