/** The built gateway, set up as docs/tutorial/legacy-web-application.md says. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGatewayProcess } from '../../../support/gateway-process.ts';
import { APPLICATION_NAME } from '../../../support/legacy-application.ts';
import { PREFIX } from '../variant.ts';
import type { Placement, RunningProxy } from './placement.ts';

/** @param api further top-level keys, and routes below them. */
export async function startAudgate(placement: Placement, api = { issuers: '', routes: '' }): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-tls-'));
  writeFileSync(join(folder, 'tls.crt'), placement.certificate.cert);
  writeFileSync(join(folder, 'tls.key'), placement.certificate.key);
  const gateway = await startGatewayProcess(configure(folder, placement, api));
  return {
    address: `127.0.0.1:${gateway.port}`,
    close: async () => {
      await gateway.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The application itself reads Basic, so Authorization goes on. */
function configure(
  folder: string,
  { application, variant }: Placement,
  api: { issuers: string; routes: string },
): string {
  const urls = application.instances.map(({ port }) => `https://127.0.0.1:${port}`);
  return `
tls: { cert_file: ${folder}/tls.crt, key_file: ${folder}/tls.key }
${api.issuers}
routes:
  ${PREFIX}:
    public: true
    upstream:
      urls: [${urls.join(', ')}]
      tls: { ca_file: ${application.authority.file}, server_name: ${APPLICATION_NAME} }
      preserve_host: ${variant.preserveHost}
    strip_prefix: ${variant.stripPrefix}
    upstream_token: forward
${api.routes}
`;
}
