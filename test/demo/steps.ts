/** The seven steps of the demo: what happens to a token that was issued for one API and is sent to another. */

import { decodeJwt } from 'jose';
import type { AuthorizationServer } from '../support/authorization-server.ts';
import { headerValues } from '../support/raw-http.ts';
import type { ReceivedRequest, Upstream } from '../support/upstream.ts';
import type { DemoOutput } from './demo-output.ts';
import { type GatewayProcess, poll } from './gateway-process.ts';

export interface World {
  readonly authorizationServer: AuthorizationServer;
  readonly profile: Upstream;
  readonly billing: Upstream;
  readonly gateway: GatewayProcess;
}

interface CallResult {
  readonly status: number;
  readonly type: string;
  readonly challenge: string;
  readonly text: string;
}

export const PROFILE = 'https://profile.example.com/';
export const BILLING = 'https://billing.example.com/';
const INVOICES = '/billing/invoices';

/** Runs all steps, from the first token to the counter. */
export async function runSteps(world: World, output: DemoOutput): Promise<void> {
  const token = await requestProfileToken(world, output);
  await sendToProfile(world, output, token);
  await replayAtBilling(world, output, token);
  await postWithTooFewScopes(world, output);
  await postWithScopes(world, output);
  await readMetrics(world, output);
  await readAccessLog(world, output, token);
}

async function requestProfileToken({ authorizationServer }: World, output: DemoOutput): Promise<string> {
  output.step(`A client asks the authorization server for a token, with resource=${PROFILE}`);
  const { accessToken } = await authorizationServer.requestToken({ resource: PROFILE, scope: 'profile:read' });
  const { iss, aud, scope } = decodeJwt<{ scope: string }>(accessToken);
  output.show(`iss ${iss}   aud ${aud}   scope ${scope}`);
  output.check('the token names the profile API, and only it, as its audience', { aud: aud === PROFILE });
  return accessToken;
}

async function sendToProfile({ gateway, profile }: World, output: DemoOutput, token: string): Promise<void> {
  output.step('GET /profile/me with that token');
  const response = await call(gateway, 'GET', '/profile/me', token);
  const [arrived] = profile.received;
  output.show(`${response.status}   ${describe(arrived)}`);
  output.check('forwarded to the profile API; the token stayed at the gateway', {
    status: response.status === 200,
    'answered by the profile API': response.text.includes('"name":"profile"'),
    'one request arrived': profile.received.length === 1 && arrived?.url === '/profile/me',
    'without Authorization': headerValues(arrived?.rawHeaders ?? [], 'authorization').length === 0,
  });
}

async function replayAtBilling({ gateway, billing }: World, output: DemoOutput, token: string): Promise<void> {
  output.step(`The profile API, or whoever stole the token from it, replays it: GET ${INVOICES}`);
  const response = await call(gateway, 'GET', INVOICES, token);
  showRefusal(output, response);
  output.check('refused: the token is genuine, but not for billing, which never saw the request', {
    ...refusedWith(response, 401, 'wrong_audience'),
    ...challengedWith(response, 'invalid_token', 'billing:read'),
    'no token in the answer': !response.text.includes(token) && !response.challenge.includes(token),
    'nothing arrived at billing': billing.received.length === 0,
  });
}

async function postWithTooFewScopes(world: World, output: DemoOutput): Promise<void> {
  output.step(`POST ${INVOICES} with a token for billing that may only read`);
  const token = await requestBillingToken(world, 'billing:read');
  const response = await call(world.gateway, 'POST', INVOICES, token);
  showRefusal(output, response);
  output.check('refused, and told which scopes to ask for', {
    ...refusedWith(response, 403, 'insufficient_scope'),
    ...challengedWith(response, 'insufficient_scope', 'billing:read billing:write'),
    'nothing arrived at billing': world.billing.received.length === 0,
  });
}

async function postWithScopes(world: World, output: DemoOutput): Promise<void> {
  output.step(`POST ${INVOICES} with a token for billing that may write, too`);
  const token = await requestBillingToken(world, 'billing:read billing:write');
  const response = await call(world.gateway, 'POST', INVOICES, token);
  const [arrived] = world.billing.received;
  output.show(`${response.status}   ${describe(arrived)}`);
  output.check('forwarded to the billing API', {
    status: response.status === 200,
    'one request arrived':
      world.billing.received.length === 1 && arrived?.method === 'POST' && arrived.url === INVOICES,
  });
}

async function readMetrics({ gateway }: World, output: DemoOutput): Promise<void> {
  output.step(`What the operator sees: ${gateway.adminOrigin}/metrics`);
  const expected = [
    ['audgate_confused_deputy_rejections_total{', 'route="/billing"', `presented="${PROFILE}"`, 'action="refused"'],
    ['audgate_denials_total{', 'route="/billing"', 'reason="wrong_audience"', 'action="refused"'],
    ['audgate_denials_total{', 'route="/billing"', 'reason="insufficient_scope"', 'action="refused"'],
  ];
  // A request is counted when its response has closed, which may be shortly after its client received it.
  let lines: string[] = [];
  await poll(1000, async () => {
    lines = await scrapeDenials(gateway);
    return lines.length >= expected.length || undefined;
  });
  output.show(...lines);
  const isShown = (parts: string[]) =>
    lines.some(line => parts.every(part => line.includes(part)) && line.endsWith(' 1'));
  output.check('the replay was counted once, with the API whose token it was', {
    'each refusal counted exactly once': expected.every(isShown),
    'nothing else counted': lines.length === expected.length,
  });
}

/** The lines of the two counters of denials that are not zero. */
async function scrapeDenials(gateway: GatewayProcess): Promise<string[]> {
  const metrics = await (await fetch(`${gateway.adminOrigin}/metrics`)).text();
  const isCounted = /^audgate_(?:confused_deputy_rejections|denials)_total\{.*\} (?!0$)/;
  return metrics.split('\n').filter(line => isCounted.test(line));
}

async function readAccessLog({ gateway }: World, output: DemoOutput, token: string): Promise<void> {
  output.step('What the access log says of the replay (shortened)');
  const line = await gateway.findLogLine(each => each['reason'] === 'wrong_audience');
  const shown = ['method', 'path', 'status', 'outcome', 'reason', 'resource', 'client_id', 'aud'];
  output.show(JSON.stringify(line, shown) ?? 'nothing');
  output.check('who it was, and for whom the token was; never the token', {
    outcome: line?.['outcome'] === 'denied' && line['status'] === 401,
    route: line?.['route'] === '/billing' && line['resource'] === BILLING,
    aud: JSON.stringify(line?.['aud']) === JSON.stringify([PROFILE]),
    'no token in the log': !gateway.log().includes(token),
  });
}

async function requestBillingToken({ authorizationServer }: World, scope: string): Promise<string> {
  return (await authorizationServer.requestToken({ resource: BILLING, scope })).accessToken;
}

async function call(gateway: GatewayProcess, method: string, path: string, token: string): Promise<CallResult> {
  const response = await fetch(gateway.origin + path, { method, headers: { authorization: `Bearer ${token}` } });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    challenge: response.headers.get('www-authenticate') ?? '',
    text: await response.text(),
  };
}

function showRefusal(output: DemoOutput, { status, challenge, text }: CallResult): void {
  const [first = '', ...others] = challenge.split(/, (?=\w+=)/);
  const parameters = [first, ...others].map((each, index) => (index < others.length ? `${each},` : each));
  output.show(`${status}   WWW-Authenticate: ${parameters[0]}`);
  output.show(...parameters.slice(1).map(each => `        ${each}`), `      ${text.trim()}`);
}

function refusedWith({ status, type, text }: CallResult, expected: number, reason: string) {
  const problem = type.startsWith('application/problem+json') ? JSON.parse(text) : {};
  return {
    status: status === expected,
    'problem body': problem.status === expected && problem.reason === reason && typeof problem.title === 'string',
    'request id': typeof problem.request_id === 'string',
  };
}

function challengedWith({ challenge }: CallResult, error: string, scope: string) {
  return {
    'Bearer challenge': challenge.startsWith('Bearer '),
    error: challenge.includes(`error="${error}"`),
    'scope that is needed': challenge.includes(`scope="${scope}"`),
    'metadata of billing': challenge.includes(`resource_metadata="${BILLING}.well-known/oauth-protected-resource`),
  };
}

function describe(arrived: ReceivedRequest | undefined): string {
  if (arrived === undefined) return 'nothing arrived';
  const [authorization = '(none)'] = headerValues(arrived.rawHeaders, 'authorization');
  return `the API "${arrived.name}" received ${arrived.method} ${arrived.url}, Authorization: ${authorization}`;
}
