/** A private certification authority and its servers' certificates, made with openssl in a folder of the test. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Days from now; by default it is valid for 30 days from now on. */
  readonly from?: number;
  readonly to?: number;
  /** Default: P-256. */
  readonly key?: KeyKind;
}

export interface Authority {
  /** The file of its own certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly file: string;
  /** @param names subject alternative names, such as `DNS:localhost` or `IP:127.0.0.1`. */
  issue(...names: readonly string[]): Certificate;
  /** As `issue`, for a certificate that has expired. */
  issueExpired(...names: readonly string[]): Certificate;
  /** As `issue`; without names, none. */
  issueWith(options: CertificateOptions, ...names: readonly string[]): Certificate;
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

const KEYS = {
  'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  secp256k1: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  'RSA-2048': ['-newkey', 'rsa:2048'],
  'RSA-1024': ['-newkey', 'rsa:1024'],
  Ed25519: ['-newkey', 'ed25519'],
} as const;
type KeyKind = keyof typeof KEYS;

/** Of `openssl ca`, which alone sets both ends of the time in which a certificate is valid. */
const CA_CONFIG = `[ca]
default_ca = own
[own]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`;

/** Makes an authority in `folder`. */
export function createAuthority(folder: string): Authority {
  const run = (...options: readonly string[]) => execFileSync('openssl', options, { cwd: folder, stdio: 'pipe' });
  const store = (name: string, text: string) => writeFileSync(join(folder, name), text);
  run(
    'req',
    '-x509',
    ...KEYS['P-256'],
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '30',
    '-subj',
    '/CN=Test CA',
  );
  store('ca.cnf', CA_CONFIG);
  store('index.txt', '');
  let count = 0;
  const issueWith = ({ from = 0, to = 30, key = 'P-256' }: CertificateOptions, ...names: readonly string[]) => {
    const name = `server-${count++}`;
    store(`${name}.ext`, names.length > 0 ? `subjectAltName=${names.join(',')}\n` : 'basicConstraints=CA:FALSE\n');
    run('req', ...KEYS[key], '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const times = ['-startdate', formatTime(from), '-enddate', formatTime(to)];
    const signed = ['-cert', 'ca.crt', '-keyfile', 'ca.key', '-extfile', `${name}.ext`];
    run(
      'ca',
      '-batch',
      '-notext',
      '-config',
      'ca.cnf',
      ...times,
      ...signed,
      '-in',
      `${name}.csr`,
      '-out',
      `${name}.crt`,
    );
    const read = (end: string) => readFileSync(join(folder, `${name}.${end}`), 'utf8');
    return { cert: read('crt'), key: read('key') };
  };
  return {
    file: join(folder, 'ca.crt'),
    issue: (...names) => issueWith({}, ...names),
    issueExpired: (...names) => issueWith({ from: -2, to: -1 }, ...names),
    issueWith,
  };
}

/** A minute earlier than now, so that it has begun. @returns YYYYMMDDHHMMSSZ. */
function formatTime(days: number): string {
  const time = new Date(Date.now() + days * 86_400_000 - 60_000);
  return `${time.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
}
