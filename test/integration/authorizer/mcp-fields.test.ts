/** Questions about MCP servers: what their fields decide. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, type HeaderPair } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { ask, FORMS, fieldsOf, formatQuestion } from './fixture.ts';

const MCP = 'https://tools.example/mcp';

let issuer: TokenIssuer;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  gateway = await startGateway(`
authorizer: 127.0.0.1:0
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /mcp: { resource: "${MCP}", mcp: true, cors: { origins: ["https://app.example"] } }
`);
  token = await issuer.sign({ claims: { aud: MCP } });
});

afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

describe.each(FORMS)('%s', form => {
  const answerTo = (...headers: HeaderPair[]) =>
    ask(
      gateway.authorizerPort,
      formatQuestion(form, { target: '/mcp', method: 'POST', headers: [bearer(token), ...headers] }),
    );

  test.each([
    ['https://tools.example', 200],
    ['https://app.example', 200],
    ['https://evil.example', 403],
    ['null', 403],
  ] as const)('Origin %s: %d', async (origin, status) => {
    const answer = await answerTo(['Origin', origin]);
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body.toString()).toContain('origin_not_allowed');
  });

  test('Mcp-Session-Id: nobody has bound it, so it is not judged, and not changed', async () => {
    const answer = await answerTo(['Mcp-Session-Id', 'of-the-server']);
    expect(answer.status).toBe(200);
    expect(fieldsOf(answer)).not.toHaveProperty('mcp-session-id');
    expect(Object.values(fieldsOf(answer)).join(' ')).not.toContain('mcp-session-id');
  });
});
