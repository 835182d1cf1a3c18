/** A question about a route with `exchange`: the answer has the issued token as Authorization, or the refusal of the gateway. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendJson } from '../../support/exchange-server.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer } from '../../support/raw-http.ts';
import { createWorld, type World } from '../exchange/fixture.ts';
import { ask, FORMS, fieldsOf, formatQuestion } from './fixture.ts';

let world: World;
let gateway: RunningGateway;

beforeAll(async () => {
  world = await createWorld();
  const routes = { '/inner': world.route(), '/report': world.route({ enforcement: 'report' }) };
  gateway = await startGateway(`authorizer: 127.0.0.1:0\n${world.yaml(routes)}`);
});
afterAll(async () => {
  await gateway.close();
  await world.close();
});

describe.each(FORMS)('/%s', form => {
  const askAbout = async (target: string, claims = {}) => {
    const token = await world.tokenFor(claims);
    const question = formatQuestion(form, { target, headers: [bearer(token)] });
    return { token, answer: await ask(gateway.authorizerPort, question) };
  };
  const removal = form === 'envoy' ? 'x-envoy-auth-headers-to-remove' : 'audgate-remove';

  test('an accepted token: the issued one is in the answer, and Authorization is not named for removal', async () => {
    const { token, answer } = await askAbout('/inner/1');
    expect(answer.status).toBe(200);
    const fields = fieldsOf(answer);
    expect(fields['authorization']).toBe(`Bearer ${world.endpoint.issued.at(-1)}`);
    expect(fields[removal] ?? '').not.toContain('authorization');
    expect(JSON.stringify(fields)).not.toContain(token);
  });

  test('a token that is only reported: no Authorization, which is named for removal', async () => {
    const before = world.endpoint.calls.length;
    const { answer } = await askAbout('/report/1', { aud: 'https://other.example.com/' });
    expect(answer.status).toBe(200);
    expect(fieldsOf(answer)).not.toHaveProperty('authorization');
    expect(fieldsOf(answer)[removal]).toBe('authorization');
    expect(world.endpoint.calls.length).toBe(before);
  });

  test('refused by the endpoint: 403', async () => {
    world.endpoint.answer = response => sendJson(response, 400, { error: 'invalid_target' });
    const { answer } = await askAbout('/inner/1');
    world.endpoint.answer = undefined;
    expect(answer.status).toBe(403);
    expect(String(answer.body)).toContain('exchange_refused');
  });
});
