import { afterEach, beforeEach, expect, test } from 'vitest';
import { Gateway } from '../../src/gateway.ts';
import { createLog } from '../../src/telemetry/log/log.ts';
import { Metrics } from '../../src/telemetry/metrics/metrics.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';
import { recordText } from '../support/raw-connection.ts';
import { type Receiver, startReceiver } from '../support/received-request.ts';
import { loadValid } from './config/configuration.ts';

let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});

afterEach(() => receiver.close());

test('an exception while a request is recorded: logged, and the gateway can still be stopped', async () => {
  const config = loadValid('routes:\n  /open: { upstream: "http://127.0.0.1:9", public: true }\n');
  const metrics = new Metrics({ keySets: () => [] });
  const lines: string[] = [];
  const write = (line: string) => lines.push(line) > 0;
  const telemetry = createTelemetry(metrics, createLog({ write, close: async () => undefined }));
  Object.assign(metrics, {
    record: () => {
      throw new Error('recording');
    },
  });
  const gateway = new Gateway(config, telemetry);
  const { request } = await receiver.receive('GET /other HTTP/1.1\r\nHost: api.example\r\n\r\n');

  gateway.handle(request);
  expect(lines.filter(line => line.includes('"msg":"fault"'))).toHaveLength(1);
  const late = new Promise(resolve => setTimeout(resolve, 1_000, 'not stopped'));
  expect(await Promise.race([gateway.stop().then(() => 'stopped'), late])).toBe('stopped');
});

test('an exception after the route was found: 503 internal, with the CORS fields of the route', async () => {
  const config = loadValid(`issuers: { https://i.example: }
routes:
  /a: { upstream: "http://127.0.0.1:9", resource: https://a.example/, cors: { origins: [https://app.example] } }
`);
  const telemetry = createTelemetry(
    new Metrics({ keySets: () => [] }),
    createLog({ write: () => true, close: async () => undefined }),
  );
  const gateway = new Gateway(config, telemetry);
  Object.assign(gateway.verifier, {
    judge: () => {
      throw new Error('judging');
    },
  });
  const { request, client } = await receiver.receive(
    'GET /a HTTP/1.1\r\nHost: a.example\r\nOrigin: https://app.example\r\nAuthorization: Bearer x\r\n\r\n',
  );
  const received = recordText(client);
  gateway.handle(request);
  await received.until('"reason":"internal"');
  expect(received.text()).toMatch(/^HTTP\/1\.1 503 /);
  expect(received.text()).toContain('\r\nAccess-Control-Allow-Origin: https://app.example\r\n');
  expect(received.text()).toContain('\r\nVary: Origin\r\n');
  await gateway.stop();
});
