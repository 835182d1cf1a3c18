/** A configuration and a log in a folder of their own, and what `propose` and `simulate` say of them. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runPropose, runSimulate } from '../../../support/commands.ts';

export const TODAY = Date.parse('2026-11-23T10:00:00Z');
/** 90 days after it. */
export const UNTIL = '2027-02-21';

export const LOGIN = 'https://login.example.com';
export const ENTRA = 'https://login.microsoftonline.com/8a1c1c5e-0000-4000-8000-000000000000/v2.0';
export const KEYCLOAK = 'https://sso.example.com/realms/acme';
export const APP_ID = '6731de76-14a6-49ae-97bc-6eba6914391e';
export const BILLING = 'https://billing.example.com/';
export const PROFILE = 'https://profile.example.com/';

export interface Settings {
  readonly issuers?: readonly string[];
  readonly billing?: string;
  readonly profile?: string;
  readonly top?: string;
}

/** Two routes on `report`, each with one required scope. */
export function exampleYaml({ issuers = [LOGIN], billing = '', profile = '', top = '' }: Settings = {}): string {
  return `${top}issuers:
${issuers.map(issuer => `  ${issuer}:\n`).join('')}routes:
  /billing:
    resource: ${BILLING}
    upstream: http://127.0.0.1:1
    scopes: [read]
    enforcement: report
${billing}  /profile:
    resource: ${PROFILE}
    upstream: http://127.0.0.1:2
    scopes: [read]
    enforcement: report
${profile}`;
}

export type Fields = Readonly<Record<string, unknown>>;

const LINE = {
  level: 'info',
  time: '2026-11-20T10:00:00.000Z',
  request_id: 'r',
  route: '/billing',
  resource: BILLING,
  method: 'GET',
  host: 'api.example.com',
  path: '/billing/1',
  status: 200,
  outcome: 'reported',
  reason: 'wrong_audience',
  enforcement: 'report',
  duration_ms: 1,
  iss: LOGIN,
  sub: 'alice',
  client_id: 'web',
  aud: ['https://elsewhere.example/'],
  scope: 'read',
  jti: 'j',
  exp: 1795168860,
  typ: 'at+jwt',
  msg: 'request',
};

/** @returns a line of the log: a token for somebody else, of the client `web`, reported on /billing. */
export const line = (fields: Fields = {}): Fields => ({ ...LINE, ...fields });
export const onProfile = (fields: Fields = {}): Fields =>
  line({ route: '/profile', resource: PROFILE, path: '/profile/1', ...fields });

export interface ProposedException {
  readonly route: string;
  readonly client_id: string;
  readonly iss: string | null;
  readonly reasons: readonly string[];
  readonly presented: string | null;
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

interface Proposed {
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly audiences: readonly { readonly route: string; readonly audience: string; readonly why: string }[];
  readonly token_types: readonly { readonly issuer: string; readonly type: string }[];
  readonly exceptions: readonly ProposedException[];
  readonly refused: readonly { readonly route: string; readonly reason: string; readonly client_id: string | null }[];
  readonly by_hand: readonly unknown[];
  readonly unknown: Readonly<Record<string, number>>;
  readonly truncated: boolean;
}

export interface Outcome extends Proposed {
  readonly code: number | null;
  readonly patch: string;
  readonly stderr: string;
  /** The whole new text; that of the file where nothing is proposed. */
  readonly text: string;
  /** `simulate` of the same log under the new text with every route on `enforce`. */
  readonly after: { readonly broken: number; readonly opened: number; readonly unknown: number };
}

/** Runs `propose` as text and as JSON, and `simulate` over the result. */
export async function proposeFor(yaml: string, lines: readonly Fields[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-propose-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [config, log] = [join(folder, 'audgate.yaml'), join(folder, 'log.ndjson')];
  writeFileSync(config, yaml);
  writeFileSync(log, lines.map(each => `${JSON.stringify(each)}\n`).join(''));
  const { code, stdout: patch, stderr } = await runPropose({ config, log, now: TODAY });
  const json = await runPropose({ config, log, now: TODAY, json: true });
  const proposed: Proposed = JSON.parse(json.stdout);
  const text = proposed.files[0]?.text ?? readFileSync(config, 'utf8');
  return { ...proposed, code, patch, stderr, text, after: await simulateEnforced(folder, text, log) };
}

/** @returns how many requests of the log break or open under `text` with every route on `enforce`. */
export async function simulateEnforced(folder: string, text: string, log: string): Promise<Outcome['after']> {
  const config = join(folder, 'enforced.yaml');
  writeFileSync(config, text.replaceAll(/enforcement: (?:report|verify)/g, 'enforcement: enforce'));
  const { stdout, stderr } = await runSimulate({ config, log });
  if (stdout === '') throw new Error(stderr);
  const { changed, unknown } = JSON.parse(stdout);
  const count = Object.values<number>(unknown).reduce((sum, each) => sum + each, 0);
  return { broken: changed.would_break, opened: changed.would_open, unknown: count };
}
