/**
 * The differential check of the authorizer: unusual targets through each real proxy. What reaches the API must be read there, by every
 * model of a server, as the route that audgate has authorised; or it must have been refused.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../../../support/gateway-process.ts';
import { parseResponses, sendRaw } from '../../../support/raw-http.ts';
import { reservePort } from '../../../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../support/token-issuer.ts';
import { eventually } from '../../../support/waiting.ts';
import { type FrontProxyKind, startFrontProxy } from '../proxies/front-proxy.ts';
import { FRONT_PROXIES } from '../proxies/kinds.ts';
import { formatTable } from '../table.ts';
import { closeLeftovers } from '../world.ts';
import { findMisreadings } from './readings.ts';
import { type RecordingApi, startRecordingApi } from './recording-api.ts';
import { HOST, ODD_TARGETS, type OddTarget, ORDINARY, OTHER_HOST } from './targets.ts';

const RESOURCES = ['api', 'files', 'loose', 'scoped', 'box', 'priv'].map(name => `https://${HOST}/${name}`);
const ROWS = ['odd targets', 'reached the API', 'refused by audgate', 'refused by the proxy', 'mismatches'];

let issuer: TokenIssuer;
/** One for all proxies: it keeps nothing of a question. */
let audgate: GatewayProcess;
let authorizer: number;
const found = new Map<string, Map<string, string>>();

beforeAll(async () => {
  issuer = await startTokenIssuer();
  authorizer = await reservePort();
  audgate = await startGatewayProcess(configure(authorizer));
}, 180_000);
afterAll(async () => {
  await closeLeftovers();
  await issuer.close();
  console.info(formatTable(ROWS, found));
});

for (const kind of FRONT_PROXIES) {
  const where = kind.program === undefined ? `not installed, ${ODD_TARGETS.length} targets not sent` : 'as authorised';
  test.skipIf(kind.program === undefined)(
    `${kind.name}: what the API reads in odd targets is ${where}`,
    async () => {
      const run = await startRun(kind);
      const sendAll = async (targets: readonly OddTarget[], name: string) => {
        const outcomes: Outcome[] = [];
        for (const [index, target] of targets.entries()) outcomes.push(await run.send(target, `${name}-${index}`));
        return outcomes;
      };
      const ordinary = await sendAll(ORDINARY, 'ordinary');
      const odd = await sendAll(ODD_TARGETS, 'odd');
      await run.close();
      expect(ordinary.filter(({ result }) => result !== 'reached the API')).toEqual([]);
      const mismatches = [...ordinary, ...odd].filter(({ misread }) => misread.length > 0);
      found.set(kind.name, sumUp(odd, mismatches.length));
      expect(mismatches).toEqual([]);
      expect(odd.length).toBeGreaterThanOrEqual(98);
      expect(odd.filter(({ result }) => result === 'reached the API').length).toBeGreaterThan(odd.length / 20);
    },
    180_000,
  );
}

function sumUp(odd: readonly Outcome[], mismatches: number): Map<string, string> {
  const share = (row: string) => {
    const count = odd.filter(({ result }) => result === row).length;
    return `${count} (${Math.round((100 * count) / odd.length)} %)`;
  };
  return new Map([
    ['odd targets', String(odd.length)],
    ...ROWS.slice(1, 4).map(row => [row, share(row)] as const),
    ['mismatches', String(mismatches)],
  ]);
}

/** A token opens every route, so that a difference between two readings shows as a mismatch and not as a refusal. */
function configure(authorizerPort: number): string {
  const route = (key: string, name: string, more = '') =>
    `  "${key}": { resource: "https://${HOST}/${name}", claims_to_headers: { X-User: sub }${more} }\n`;
  return `
authorizer: 127.0.0.1:${authorizerPort}
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
${route('/api', 'api')}${route('/files', 'files', ', allow_encoded: ["%2F"]')}${route('/loose', 'loose', ', allow_encoded: [";", "%3B", "%25", "%5C", "%3F", "%23", "%2F"]')}${route('/scoped', 'scoped', ', scopes: { "*": [], "* /admin": [admin] }')}${route('/@me/box', 'box')}${route(`${OTHER_HOST}/api`, 'priv')}  /open: { public: true }
`;
}

interface Outcome extends OddTarget {
  readonly result: string;
  readonly misread: readonly string[];
}

async function startRun(kind: FrontProxyKind) {
  const api = await startRecordingApi();
  const proxy = await startFrontProxy(kind, { authorizer, api: api.port });
  return {
    /** One after the other: what reaches the API belongs to the target that was sent last. */
    send: (target: OddTarget, name: string) => sendTarget({ port: proxy.port, api, audgate }, target, name),
    close: () => Promise.all([proxy.close(), api.close()]),
  };
}

interface Run {
  readonly port: number;
  readonly api: RecordingApi;
  readonly audgate: GatewayProcess;
}

/** @param name the subject of its token, by which its log line is known; on public routes there is none. */
async function sendTarget({ port, api, audgate }: Run, odd: OddTarget, name: string): Promise<Outcome> {
  const [seen, logged] = [api.written.length, audgate.lines('request').length];
  const token = await issuer.sign({ claims: { aud: RESOURCES, sub: name } });
  const head = [
    `${odd.method ?? 'GET'} ${odd.target} HTTP/1.1`,
    `Host: ${odd.host}`,
    `Authorization: Bearer ${token}`,
    'Connection: close',
  ];
  const methods = [odd.method ?? 'GET'];
  const isWhole = (bytes: Buffer) => parseResponses(bytes, { methods, open: true }).some(({ complete }) => complete);
  const received = await sendRaw(port, `${head.join('\r\n')}\r\n\r\n`, { until: isWhole, timeout: 20_000 });
  const [response] = parseResponses(received, { methods });
  const written = api.written.slice(seen);
  if (written.length === 0) {
    const isOurs = response?.headers.some(([, value]) => value.startsWith('application/problem+json'));
    return { ...odd, result: isOurs ? 'refused by audgate' : 'refused by the proxy', misread: [] };
  }
  const linesOf = () =>
    audgate
      .lines('request')
      .slice(logged)
      .filter(line => line['outcome'] === 'forwarded' && (line['sub'] === name || line['sub'] === undefined));
  await eventually(() => linesOf().length > 0);
  const misread = written.flatMap(each => linesOf().flatMap(line => findMisreadings(each, line)));
  return { ...odd, result: 'reached the API', misread };
}
