/**
 * What the commands of a page are run against: the built gateway, an issuer and an upstream, all real, on free ports.
 * A page speaks of `audgate.yaml`, of port 8080 for the gateway and of 9090 for its admin listener.
 */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { ROOT } from './markdown.ts';
import { type Output, runScript } from './world-script.ts';

export const ISSUER = 'https://login.example.com';
export const ADMIN_TOKEN = '0123456789abcdef0123456789abcdef';

export interface World {
  readonly issuer: TokenIssuer;
  readonly upstream: Upstream;
  readonly gateway: GatewayProcess;
  /** Where the commands run. It has `audgate.yaml`, the file of the gateway. */
  readonly folder: string;
  /** Writes a file into the folder. */
  write(name: string, content: string): void;
  /** @returns `yaml` of a page with the issuer and the upstream that are here, on the same lines. */
  adapt(yaml: string): string;
  /** Runs `script` in bash, which ends at the first command that fails. */
  run(script: string): Promise<Output>;
  close(): Promise<void>;
}

/** @param yaml the configuration of the gateway, as a page has it. */
export async function startWorld(yaml: string, handle?: Upstream['handle']): Promise<World> {
  const [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream(handle ? { handle } : {})]);
  const bin = mkdtempSync(join(tmpdir(), 'audgate-bin-'));
  writeExecutable(join(bin, 'audgate'), `exec ${process.execPath} ${join(ROOT, 'dist/main.js')} "$@"`);
  const adapt = (written: string) => adaptYaml(written, issuer.jwksUri, upstream.origin);
  const gateway = await startGatewayProcess(adapt(yaml), {
    place: (folder, whole) => {
      const file = join(folder, 'audgate.yaml');
      writeFileSync(file, withOneEach(whole));
      return file;
    },
  });
  const folder = join(gateway.file, '..');
  const write = (name: string, content: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const environment = {
    PATH: [bin, process.env['PATH']].join(delimiter),
    TZ: 'UTC',
    AUDGATE_PID: String(gateway.child.pid),
    ADMIN_TOKEN,
  };
  return {
    ...{ issuer, upstream, gateway, folder, write, adapt },
    run: async script => namePorts(await runScript(withPorts(script, gateway), folder, environment), gateway),
    close: async () => {
      await gateway.close();
      rmSync(bin, { recursive: true });
      await Promise.all([issuer.close(), upstream.close()]);
    },
  };
}

/** @returns the YAML of a page with a key set and an upstream that are there. Its listeners are free ports of loopback. */
function adaptYaml(yaml: string, jwksUri: string, origin: string): string {
  return yaml
    .replace(/(jwks_uri: )[^\s#},]+/g, `$1${jwksUri}`)
    .replace(/(upstream: )[^\s#},]+/g, `$1${origin}`)
    .replace(/^(listen|admin): \S+/gm, '$1: 127.0.0.1:0');
}

/** The support writes `listen`, `admin` and `drain` before the YAML of a page, which may have them as well: its own lines stay where they are. */
function withOneEach(whole: string): string {
  const [listen = '', admin = '', drain = '', ...page] = whole.split('\n');
  const missing = [listen, admin, drain].filter(line => {
    const key = line.slice(0, line.indexOf(':') + 1);
    return !page.some(other => other.startsWith(key));
  });
  return [...page, ...missing, ''].join('\n');
}

function withPorts(script: string, { port, adminPort }: GatewayProcess): string {
  return script
    .replace(/\b(?:localhost|127\.0\.0\.1):8080\b/g, `127.0.0.1:${port}`)
    .replace(/\b(?:localhost|127\.0\.0\.1):9090\b/g, `127.0.0.1:${adminPort}`);
}

/** The ports of the page, in the place of those that are used here. */
function namePorts({ code, text }: Output, { port, adminPort }: GatewayProcess): Output {
  const named = text.replaceAll(`127.0.0.1:${port}`, '127.0.0.1:8080');
  return { code, text: named.replaceAll(`127.0.0.1:${adminPort}`, '127.0.0.1:9090') };
}

/** Writes a shell script. Its folder is made where it is missing. */
export function writeExecutable(path: string, script: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
