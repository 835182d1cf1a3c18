import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Authority, type Certificate, createAuthority } from '../../support/certificates.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { destroyConnections } from '../../support/raw-connection.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';

export let folder: string;
export let authority: Authority;
export let upstream: Upstream;

const gateways = new Set<RunningGateway>();

/** Registers the hooks of a test file. */
export function useTlsFixture(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-tls-'));
    authority = createAuthority(folder);
    upstream = await startUpstream({ handle: answerWithWhatArrived });
  });

  afterEach(async () => {
    destroyConnections();
    upstream.handle = answerWithWhatArrived;
    await Promise.all([...gateways].map(gateway => gateway.close()));
    gateways.clear();
  });

  afterAll(async () => {
    await upstream.close();
    rmSync(folder, { recursive: true });
  });
}

/** Writes both files. @returns the entry of `tls` that names them. */
export function store(name: string, { cert, key }: Certificate, more = ''): string {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return `{ cert_file: "${certFile}", key_file: "${keyFile}"${more} }`;
}

/** @param tls as in the YAML. @param more keys of the YAML. */
export async function startTlsGateway(tls: string, more = ''): Promise<RunningGateway> {
  const routes = `routes: { /: { public: true, upstream: "${upstream.origin}" } }\n`;
  const gateway = await startGateway(`tls: ${tls}\n${more}${routes}`);
  gateways.add(gateway);
  return gateway;
}

/** The series of a handshake that failed. */
export function failed(cause: string): string {
  return `audgate_tls_handshake_failures_total{cause="${cause}"}`;
}
