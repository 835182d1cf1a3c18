/** nginx, set up by its documentation for an application that knows nothing of it: the model. */

import { readFileSync } from 'node:fs';
import { APPLICATION_NAME } from '../../../support/legacy-application.ts';
import { configureNginx, STATUS_LOG } from '../../../support/nginx.ts';
import { findProgram, startRealServer } from '../../differential/servers/real-server.ts';
import { PREFIX, PUBLIC_NAME, PUBLIC_ORIGIN } from '../variant.ts';
import type { Placement, RunningProxy } from './placement.ts';

const program = findProgram('nginx');
export const hasNginx = program !== undefined;

export function startNginx({ application, variant, certificate }: Placement): Promise<RunningProxy> {
  return startRealServer(({ address, folder }) => ({
    command: program ?? '',
    args: ['-p', folder, '-c', `${folder}/nginx.conf`],
    files: {
      'nginx.conf': configure(address, folder, { application, variant, certificate }),
      'tls.crt': certificate.cert,
      'tls.key': certificate.key,
      'application-ca.crt': readFileSync(application.authority.file, 'utf8'),
    },
    parse: line => ({
      ...{ status: Number(line), refused: false, method: '', target: '', path: '' },
      ...{ fields: new Map(), body: { length: 0, sha1: '' } },
    }),
  }));
}

/** The name of the `upstream` block, which is the Host that the application gets by default. */
const GROUP = 'legacy_application';

function configure(address: string, folder: string, { application, variant }: Placement): string {
  const ports = application.instances.map(({ port }) => port);
  return configureNginx(
    folder,
    `${STATUS_LOG}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream ${GROUP} {
    ${ports.map(port => `server 127.0.0.1:${port} fail_timeout=1s;`).join('\n    ')}
    keepalive 8;
  }
  server {
    listen ${address} ssl;
    server_name ${PUBLIC_NAME};
    ssl_certificate ${folder}/tls.crt;
    ssl_certificate_key ${folder}/tls.key;
    client_max_body_size 0;
    port_in_redirect off; # The browser asks at 443.
    location ${PREFIX}/ {
      proxy_pass https://${GROUP}${variant.stripPrefix ? '/' : ''};
      proxy_http_version 1.1;
      proxy_ssl_trusted_certificate ${folder}/application-ca.crt;
      proxy_ssl_verify on;
      proxy_ssl_name ${APPLICATION_NAME};
      proxy_ssl_server_name on;
      proxy_set_header Host ${variant.preserveHost ? '$host' : '$proxy_host'};
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
      ${variant.stripPrefix ? `proxy_set_header X-Forwarded-Prefix ${PREFIX};` : ''}
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      ${rewrite(variant.stripPrefix, ports).join('\n      ')}
    }
  }`,
    256,
  );
}

/** Of redirects and cookies that name the application as it knows itself. */
function rewrite(stripPrefix: boolean, ports: readonly number[]): string[] {
  const installed = ports.map(port => `127\\.0\\.0\\.1:${port}`);
  const names = [GROUP, PUBLIC_NAME.replaceAll('.', '\\.'), ...installed].join('|');
  const outside = `(?!${PREFIX.slice(1)}(?:/|$))`;
  const domain = `proxy_cookie_domain ~^(?:${GROUP}|127\\.0\\.0\\.1)$ ${PUBLIC_NAME};`;
  if (!stripPrefix) return [`proxy_redirect ~^(?:https:)?//(?:${names})/(.*)$ ${PUBLIC_ORIGIN}/$1;`, domain];
  return [
    `proxy_redirect ~^(?:https:)?//(?:${names})/${outside}(.*)$ ${PUBLIC_ORIGIN}${PREFIX}/$1;`,
    `proxy_redirect ~^/(?!/)${outside}(.*)$ ${PREFIX}/$1;`,
    `proxy_cookie_path ~^/$ ${PREFIX};`,
    `proxy_cookie_path ~^/${outside}(.*)$ ${PREFIX}/$1;`,
    domain,
  ];
}
