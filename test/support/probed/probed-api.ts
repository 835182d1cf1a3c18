/** An API that `audgate probe` can be run against: right in everything, or with the one mistake that a check is made to find. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../listener.ts';
import { judgeToken, type TokenRules } from './token-rules.ts';

export interface ProbedApi {
  /** `http://127.0.0.1:PORT/api/items` */
  readonly url: string;
  /** Another API of the same host, with another resource. */
  readonly siblingUrl: string;
  readonly resource: string;
  close(): Promise<void>;
}

export interface ProbedApiOptions extends Omit<TokenRules, 'resource'> {
  /** Default GET. */
  readonly method?: string;
}

const LARGEST_HEAD = 256 * 1024;
const WELL_KNOWN = '/.well-known/oauth-protected-resource/api';

/** @param options `mistake`: the id of a check; everything but it is right. */
export async function startProbedApi(options: ProbedApiOptions): Promise<ProbedApi> {
  const { mistake } = options;
  let origin = '';
  let turn = 0;
  const server = createServer({ maxHeaderSize: LARGEST_HEAD }, async (req, res) => {
    const resource = `${origin}/api`;
    const path = readPath(req, mistake);
    const body = await readBody(req);
    const fixed = answerWithoutToken(path, req, { ...options, resource });
    if (fixed !== undefined) return void res.writeHead(fixed.status).end(fixed.body);
    const rules = { ...options, resource: path === '/other' ? `${origin}/other` : resource };
    const refused = await judgeRequest(req, body, rules);
    turn += 1;
    if (mistake === 'right-token' && turn === 2) return refuse(res, 401, origin, { mistake });
    if (refused !== undefined) return refuse(res, refused, origin, { mistake, token: req.headers.authorization ?? '' });
    res.writeHead(200, answerFields(req, mistake)).end('{"items":[]}');
  });
  origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  return {
    url: `${origin}/api/items`,
    siblingUrl: `${origin}/other`,
    resource: `${origin}/api`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** @returns the answer where no token is asked for. */
function answerWithoutToken(path: string, req: IncomingMessage, { mistake, resource, issuer }: TokenRules) {
  if (path === WELL_KNOWN) {
    const named = mistake === 'metadata' ? resource.replace('/api', '/another') : resource;
    return { status: 200, body: JSON.stringify({ resource: named, authorization_servers: [issuer] }) };
  }
  const isOpened = path === '/other' && mistake === 'path-readings' && req.url?.startsWith('/api');
  if (isOpened) return { status: 200, body: 'the sibling' };
  return path === '/api/items' || path === '/other' ? undefined : { status: 404, body: '' };
}

function readPath(req: IncomingMessage, mistake: string | undefined): string {
  const path = (req.url ?? '').replace(/\?.*$/, '');
  return mistake === 'path-readings' ? new URL(decodeURIComponent(path), 'http://any').pathname : path;
}

async function readBody(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of req) text += piece;
  return text;
}

/** @returns the status of the refusal; `undefined` where the request is let through. */
async function judgeRequest(req: IncomingMessage, body: string, rules: TokenRules): Promise<number | undefined> {
  const { mistake } = rules;
  const values = req.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === 'authorization' ? [req.rawHeaders[index + 1] ?? ''] : [],
  );
  if (mistake === 'token-in-query') values.push(...formToken(new URL(req.url ?? '', 'http://any').searchParams));
  if (mistake === 'token-in-body') values.push(...formToken(new URLSearchParams(body)));
  if (values.length === 0) return mistake === 'no-token' ? undefined : 401;
  if (values.length > 1 && mistake !== 'doubled-credentials') return 400;
  const statuses = await Promise.all(values.map(value => judgeCredentials(value, rules)));
  return statuses.includes(undefined) ? undefined : statuses[0];
}

function formToken(form: URLSearchParams): string[] {
  const token = form.get('access_token');
  return token === null ? [] : [`Bearer ${token}`];
}

async function judgeCredentials(value: string, rules: TokenRules): Promise<number | undefined> {
  const { mistake } = rules;
  if (mistake === 'oversized-credentials' && value.length > 8192) return 500;
  if (mistake === 'empty-credentials' && /^bearer$/i.test(value.trim())) return undefined;
  if (mistake === 'other-scheme') return judgeToken(value.split(' ').at(-1) ?? '', rules);
  if (mistake === 'whitespace' && /^bearer /i.test(value))
    return judgeToken(value.replace(/^bearer /i, '').replaceAll(' ', ''), rules);
  const [, token] = /^bearer +(\S+)$/i.exec(value) ?? [];
  return token === undefined ? 400 : judgeToken(token, rules);
}

function refuse(
  res: ServerResponse,
  status: number,
  origin: string,
  { mistake, token }: { readonly mistake: string | undefined; readonly token?: string },
): void {
  const error = token ? 'error="invalid_token", ' : '';
  const challenge = `Bearer ${error}resource_metadata="${origin}${WELL_KNOWN}"`;
  res.writeHead(status, status === 401 && mistake !== 'challenge' ? { 'www-authenticate': challenge } : {});
  res.end(mistake === 'echo' ? `${token} is not accepted` : 'refused');
}

function answerFields(req: IncomingMessage, mistake: string | undefined): Record<string, string> {
  const { origin } = req.headers;
  if (mistake === 'caching') return { 'cache-control': 'public, max-age=60' };
  if (mistake !== 'cors-credentials' || origin === undefined) return {};
  return { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' };
}
