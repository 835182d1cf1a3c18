/** HAProxy in front of the replicas: takes turns, asks `/readyz` four times a second, and has two frontends. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reservePort } from '../../support/reserved-port.ts';
import { pause } from '../../support/waiting.ts';
import { askStatus, type Replica } from './replica.ts';

export interface Balancer {
  /** Repeats only what could not be sent, as HAProxy does unless told otherwise. */
  readonly plainPort: number;
  /** Repeats a GET also where the replica went away before it answered (`retry-on`). */
  readonly repeatingPort: number;
  close(): Promise<void>;
}

export async function startBalancer(replicas: readonly Replica[]): Promise<Balancer> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-replicas-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const [plainPort, repeatingPort] = [await reservePort(), await reservePort()];
  writeFileSync(file, configure(replicas, plainPort, repeatingPort));
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  while (child.exitCode === null && (await askStatus(plainPort, '/open')) !== 200) await pause(50);
  return {
    plainPort,
    repeatingPort,
    close: async () => {
      killWithUs();
      await exited;
      process.off('exit', killWithUs);
      rmSync(folder, { recursive: true });
    },
  };
}

function configure(replicas: readonly Replica[], plainPort: number, repeatingPort: number): string {
  const servers = (options: (name: string, replica: Replica) => string) =>
    replicas.map((replica, index) => `  server r${index} 127.0.0.1:${replica.port} ${options(`r${index}`, replica)}`);
  return `global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  timeout check 5s
  retries 3
  option redispatch 1
frontend plain
  bind 127.0.0.1:${plainPort}
  default_backend plain
frontend repeating
  bind 127.0.0.1:${repeatingPort}
  default_backend repeating
backend plain
  balance roundrobin
  option httpchk GET /readyz
${servers((_, { adminPort }) => `check port ${adminPort} inter 250ms fastinter 250ms downinter 250ms fall 1 rise 1`).join('\n')}
backend repeating
  balance roundrobin
  retry-on conn-failure empty-response
  http-request disable-l7-retry unless METH_GET
${servers(name => `track plain/${name}`).join('\n')}
`;
}
