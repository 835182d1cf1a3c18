/** Entries of an access log, and the decision on one under a configuration, for tests that vary a few of their fields. */

import type { ParsedEntry } from '../../../../src/cli/simulate/log/entry-parser.ts';
import { StoredLines } from '../../../../src/cli/simulate/log/stored-lines.ts';
import { type Change, compare } from '../../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../../src/cli/simulate/replay/decision-replay.ts';
import type { Config, Issuer, Route } from '../../../../src/config/config.ts';
import { RevokedTokens } from '../../../../src/config/revoked/revoked-tokens.ts';

export const ISSUER = 'https://login.example';

/** In the order in which the gateway writes them: a token that verified, for the resource of its route, on `report`. */
const FORWARDED = {
  level: 'info',
  time: '2026-11-20T10:00:00.000Z',
  request_id: '0b6d1d3e-5f5c-4e8e-9f0a-6f5b8d1f2a3c',
  route: '/a',
  resource: 'https://api.example/',
  method: 'GET',
  host: 'api.example',
  path: '/a/1',
  status: 200,
  outcome: 'forwarded',
  reason: undefined,
  enforcement: 'report',
  duration_ms: 12.5,
  upstream_ms: 10,
  iss: ISSUER,
  sub: 'alice',
  client_id: 'shop',
  aud: ['https://api.example/'],
  scope: 'read',
  jti: 'j',
  exp: 1795168860,
  msg: 'request',
};

export type EntryFields = Readonly<Record<string, unknown>>;

/** @returns the text of an entry. A field that is `undefined` is left out. */
export function exampleEntry(fields: EntryFields = {}): string {
  return JSON.stringify({ ...FORWARDED, ...fields });
}

/** @returns the entry in one line that is alone in its log. */
export function readText(text: string): ParsedEntry | undefined {
  return new StoredLines().read(text);
}

/** The fields of an entry whose token did not verify. */
export function unverified(fields: EntryFields = {}): EntryFields {
  const none = { iss: undefined, sub: undefined, client_id: undefined, aud: undefined, scope: undefined };
  return { ...none, jti: undefined, exp: undefined, outcome: 'reported', ...fields };
}

const CONFIG: Omit<Config, 'routes' | 'issuers'> = {
  source: { file: 'new.yaml', hash: '0', included: [], routePlaces: new Map(), files: [] },
  listen: { host: '127.0.0.1', port: 0 },
  tls: undefined,
  admin: { host: '127.0.0.1', port: 0 },
  authorizer: undefined,
  limits: { headers: 1, connections: 1 },
  timeouts: { headers: 1, body: 1, keepAlive: 1 },
  drain: { delay: 1, limit: 1 },
  workers: 1,
  trustedProxies: [],
  accessLog: { omit: new Set() },
  adminHosts: new Set(),
  adminTokenHash: undefined,
  revoked: new RevokedTokens(),
};

export function exampleConfig(routes: readonly Route[], tokenTypes: readonly string[] = ['at+jwt']): Config {
  const issuer: Issuer = {
    issuer: ISSUER,
    keySource: { kind: 'discovery' },
    algorithms: new Set(['ES256']),
    tokenTypes: new Set(tokenTypes),
    scopeSource: { paths: undefined, separator: ' ' },
    impliedScopes: new Map(),
    audienceClaim: 'aud',
    leeway: 30_000,
    expiryLeeway: 0,
    keys: {
      refresh: 1,
      cooldown: 1,
      maxStale: 1,
      timeout: 1,
      caFile: undefined,
      tokenFile: undefined,
      proxy: undefined,
    },
    introspection: undefined,
  };
  return { ...CONFIG, routes, issuers: new Map([[ISSUER, issuer]]) };
}

/** @returns `unchanged`, the cause of an unknown decision, or the kind of change with the new decision. */
export function replayOne(config: Config, fields: EntryFields): string {
  const entry = readText(exampleEntry(fields));
  if (entry === undefined || typeof entry === 'string') return String(entry);
  const found = compare(entry, new DecisionReplay(config).decide(entry));
  if (found === 'unchanged') return found;
  return 'unknown' in found ? found.unknown : describe(found);
}

function describe({ kind, becomes: { outcome, reason } }: Change): string {
  return `${kind}: ${reason === undefined ? outcome : `${outcome} ${reason}`}`;
}
