/** A private certification authority and its servers' certificates, made with openssl in a folder of the test. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** The file of its own certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly file: string;
  /** @param names subject alternative names, such as `DNS:localhost` or `IP:127.0.0.1`. */
  issue(...names: readonly string[]): Certificate;
  /** As `issue`, for a certificate that has expired. */
  issueExpired(...names: readonly string[]): Certificate;
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority in `folder`. */
export function createAuthority(folder: string): Authority {
  const run = (...options: readonly string[]) => execFileSync('openssl', options, { cwd: folder, stdio: 'pipe' });
  run('req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=Test CA');
  let count = 0;
  const issue = (days: number, names: readonly string[]) => {
    const name = `server-${count++}`;
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names.join(',')}\n`);
    run('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    run('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, '-days', String(days), ...signed);
    const read = (end: string) => readFileSync(join(folder, `${name}.${end}`), 'utf8');
    return { cert: read('crt'), key: read('key') };
  };
  return {
    file: join(folder, 'ca.crt'),
    issue: (...names) => issue(2, names),
    issueExpired: (...names) => issue(-1, names),
  };
}
