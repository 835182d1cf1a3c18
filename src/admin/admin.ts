/** The admin listener: metrics, health and the status page. Never on the data listener, so no route can shadow it and no client reach it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { judgeAccess } from './access.ts';
import { DENIALS_PATH, readFilter } from './denial-filter.ts';
import { CONTENT_SECURITY_POLICY } from './page.ts';
import type { Readiness } from './serving.ts';
import { type PageSources, type SharedPage, sharePage } from './shared-page.ts';

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** Read at each request. */
export interface AdminSources extends PageSources {
  readonly metrics: { expose(): Promise<Exposition> };
}

interface AnswerSources extends AdminSources {
  readonly givePage: () => Promise<SharedPage>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
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

/**
 * @returns the listener's handler: `/metrics`, `/healthz` (the process answers), `/readyz` (it should be sent requests), and
 * the status page: `/` whole, `/denials` some of its denials, `/status.json` for programs, which asks for the admin token
 * where there is one.
 */
export function createAdminHandler(sources: AdminSources) {
  const givePage = sharePage(sources);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, contentType, body, headers } = await answer({ ...sources, givePage }, request).catch(() => FAULT);
    response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': Buffer.byteLength(body),
      ...FOR_NOBODY_ELSE,
      ...headers,
    });
    response.end(body);
  };
}

async function answer(sources: AnswerSources, request: IncomingMessage): Promise<Answer> {
  const { method, url = '/' } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...json(405, { error: 'method not allowed' }), headers: { Allow: 'GET, HEAD' } };
  }
  switch (url.split('?', 1)[0]) {
    case '/metrics':
      return { status: 200, ...(await sources.metrics.expose()) };
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz':
      return describeReadiness(await sources.readiness());
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

/** One rule for the page in all its forms. */
async function showPage(
  { serving, givePage }: AnswerSources,
  { headers }: IncomingMessage,
  show: (page: SharedPage) => Answer,
): Promise<Answer> {
  const access = judgeAccess(serving().config, headers);
  if (access === 'foreign_site') return json(403, { error: 'another site asked for the page' });
  if (access === 'token_needed') return ASK_FOR_TOKEN;
  if (access === 'foreign_host') return json(403, { error: FOREIGN_HOST });
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

const FOREIGN_HOST =
  'under this name the page is shown only with an admin_token; without one, ask by IP address, as localhost, or by the name in admin';

/** RFC 9110 section 11.6.1: browsers ask for a password, programs send a Bearer token. */
const ASK_FOR_TOKEN: Answer = {
  ...json(401, { error: 'the admin token is needed' }),
  headers: { 'WWW-Authenticate': ['Basic realm="audgate", charset="UTF-8"', 'Bearer realm="audgate"'] },
};

/** A page that cannot be shown must not end the gateway. */
const FAULT = json(500, { error: 'a fault of audgate' });

function describeReadiness({ ready, waitingFor, draining, missingWorkers = 0 }: Readiness): Answer {
  return json(ready ? 200 : 503, {
    status: ready ? 'ready' : 'not ready',
    ...(draining && { draining }),
    ...(missingWorkers > 0 && { workers_missing: missingWorkers }),
    ...(waitingFor.length > 0 && { issuers_without_keys: waitingFor }),
  });
}

function json(status: number, content: Readonly<Record<string, unknown>>): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(content) };
}
