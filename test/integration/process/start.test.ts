/** Start: configuration file, environment, ports that are in use. */

import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../support/listener.ts';
import { sendRaw } from '../../support/raw-http.ts';
import { reservePort } from '../../support/reserved-port.ts';
import {
  BROKEN,
  expectEveryProblem,
  folder,
  gatewayYaml,
  get,
  launch,
  runToEnd,
  sample,
  startReady,
  upstream,
  useProcessFixture,
  writeConfig,
} from './fixture.ts';

useProcessFixture();

describe('start', () => {
  // CPU and not wall time, since other tests run beside this one: it is about 0.6 s, and on a quiet machine takes as long.
  test('the first response: after less than 2 s of CPU time', async () => {
    const gateway = await startReady();
    expect((await get(gateway)).status).toBe(200);
    expect(await sample(gateway, 'process_cpu_seconds_total')).toBeLessThan(2);
  });

  test('a broken file: every problem on standard error, exit 1, no listener', async () => {
    const port = await reservePort();
    const text = `listen: 127.0.0.1:${port}\nadmin: 127.0.0.1:0\n${BROKEN}`;
    const { code, stdout, stderr } = await runToEnd(['--config', writeConfig(text)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expectEveryProblem(stderr);
    await expect(sendRaw(port, 'GET / HTTP/1.1\r\n\r\n')).rejects.toThrow('ECONNREFUSED');
  });

  test('a missing file: exit 1, and its name', async () => {
    const { code, stderr } = await runToEnd(['--config', join(folder, 'absent.yaml')]);
    expect(code).toBe(1);
    expect(stderr).toContain('absent.yaml');
  });

  test('AUDGATE_CONFIG: names the file; --config has precedence; serve is optional', async () => {
    const file = writeConfig(gatewayYaml());
    const environment = await runToEnd(['check', file], { AUDGATE_CONFIG: join(folder, 'absent.yaml') });
    expect(environment.code).toBe(0);
    const wrong = await runToEnd([], { AUDGATE_CONFIG: join(folder, 'named-by-environment.yaml') });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('named-by-environment.yaml');
    const byDefault = await runToEnd([]);
    expect(byDefault.code).toBe(1);
    expect(byDefault.stderr).toContain('/etc/audgate/audgate.yaml');

    const gateway = launch([], { AUDGATE_CONFIG: writeConfig(gatewayYaml()) });
    await gateway.line('listening');
    const args = ['serve', '--config', writeConfig(gatewayYaml())];
    const other = launch(args, { AUDGATE_CONFIG: join(folder, 'absent.yaml') });
    await other.line('listening');
  });

  test.each(['listen', 'admin'] as const)(
    'a port of %s that is in use: exit 1, with a message that names it',
    async which => {
      const holder = createTcpServer();
      const held = await listenOnLoopback(holder);
      const text = which === 'listen' ? gatewayYaml(held, 0) : gatewayYaml(0, held);
      const { code, stderr } = await runToEnd(['--config', writeConfig(text)]);
      holder.close();
      expect(code).toBe(1);
      expect(stderr).toContain(String(held));
      expect(stderr).toContain('EADDRINUSE');
      expect(stderr).not.toContain('    at ');
    },
  );

  test('${NAME}: read from the environment', async () => {
    const text = gatewayYaml().replace(`"${upstream.origin}"`, '"${UPSTREAM_ORIGIN}"');
    const gateway = launch(['--config', writeConfig(text)], { UPSTREAM_ORIGIN: upstream.origin });
    await gateway.line('listening');
    expect((await get(gateway)).status).toBe(200);
  });
});
