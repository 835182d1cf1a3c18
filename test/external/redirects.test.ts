/**
 * The table of redirects and cookies through the gateway and through nginx, each in front of one upstream. nginx has what its
 * users write for such a route: `proxy_redirect` for the absolute and for the relative form, `proxy_cookie_path`,
 * `proxy_cookie_domain`. test/support/redirects/nginx-differences.ts says where it differs, and why.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { configureNginx, STATUS_LOG } from '../support/nginx.ts';
import { headerValues, request } from '../support/raw-http.ts';
import { findNginxDifference, NGINX_DIFFERENCES } from '../support/redirects/nginx-differences.ts';
import { fillIn, listRows, type Row, WORLDS } from '../support/redirects/rows.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { findProgram, type RealServer, startRealServer } from './differential/servers/real-server.ts';

const program = findProgram('nginx');
/** The port is not known before the upstream is there; the titles of the tests need none. */
const TITLES = listRows('127.0.0.1:8080');

let upstream: Upstream;
let nginx: RealServer;
let gateway: RunningGateway;
let rows: readonly Row[];

describe.skipIf(program === undefined)('redirects and cookies behind nginx (needs nginx)', () => {
  beforeAll(async () => {
    upstream = await startUpstream({
      handle: (incoming, response) => {
        const row = rows[Number(new URL(incoming.url ?? '', 'http://a').searchParams.get('row'))];
        if (row) response.setHeader(row.field, row.sent);
        response.writeHead(row?.field === 'Location' ? 302 : 200).end();
      },
    });
    rows = listRows(`127.0.0.1:${upstream.port}`);
    nginx = await startRealServer(({ address, folder }) => ({
      command: program ?? '',
      args: ['-p', folder, '-c', `${folder}/nginx.conf`],
      files: { 'nginx.conf': describeNginx(address, folder) },
      parse: line => ({
        ...{ status: Number(line), refused: false, method: '', target: '', path: '' },
        ...{ fields: new Map(), body: { length: 0, sha1: '' } },
      }),
    }));
    gateway = await startGateway(configureGateway());
  });

  afterAll(async () => {
    await gateway.close();
    await nginx.close();
    await upstream.close();
  });

  test.each(TITLES.map((row, index) => ({ ...row, index })))('$world, $field: $sent', async ({ index }) => {
    const row = rows[index] as Row;
    // node:http does not send what is no field value.
    if (/[\x00-\x08\x0a-\x1f]/.test(row.sent)) return;
    const [host = '', port = ''] = nginx.address.split(':');
    expect(await ask(gateway.port, '127.0.0.1', row, index)).toBe(row.expected);
    const different = findNginxDifference(row);
    const ofNginx = different === undefined ? row.expected : fillIn(different, row.world, `127.0.0.1:${upstream.port}`);
    expect(meaningOf(row, await ask(Number(port), host, row, index))).toBe(meaningOf(row, ofNginx));
  });
});

test('every difference: of a row of the table, and a real one', () => {
  const differing = TITLES.filter(row => findNginxDifference(row) !== undefined);
  expect(differing).toHaveLength(NGINX_DIFFERENCES.flatMap(({ rows }) => rows).length);
});

async function ask(port: number, host: string, { world, field }: Row, index: number): Promise<string | undefined> {
  const path = `${WORLDS[world].prefix}/dir/page?row=${index}`;
  const { headers } = await request(port, { path, headers: [['Host', `${world}.example`]] }, { host });
  return headerValues(headers, field)[0];
}

/** A Location as a browser follows it: nginx writes a path where the gateway writes a URL. */
function meaningOf({ world, field }: Row, value: string | undefined): string | undefined {
  if (field !== 'Location' || value === undefined) return value;
  const page = `http://${world}.example${WORLDS[world].prefix}/dir/page`;
  return URL.canParse(value, page) ? new URL(value, page).href : value;
}

function configureGateway(): string {
  const routes = Object.entries(WORLDS).map(([name, { prefix, strip, basePath, preserveHost }]) => {
    const target = `{ url: "${upstream.origin}${basePath}", preserve_host: ${preserveHost} }`;
    return `  ${name}.example${prefix || '/'}: { public: true, strip_prefix: ${strip}, upstream: ${target} }\n`;
  });
  return `routes:\n${routes.join('')}`;
}

function describeNginx(address: string, folder: string): string {
  const servers = Object.entries(WORLDS).map(([name, { prefix, strip, basePath, preserveHost }]) => {
    const outside = `${prefix}/`;
    const inside = `${basePath}${strip ? '' : prefix}/`;
    return `
  server {
    listen ${address};
    server_name ${name}.example;
    location ${outside} {
      proxy_pass ${upstream.origin}${inside};
      proxy_redirect ${upstream.origin}${inside} ${outside};
      ${preserveHost ? `proxy_set_header Host $host; proxy_redirect http://$host${inside} ${outside};` : ''}
      ${inside === outside ? '' : `proxy_redirect ${inside} ${outside}; proxy_cookie_path ${inside} ${outside};`}
      proxy_cookie_domain 127.0.0.1 $host;
    }
  }`;
  });
  return configureNginx(
    folder,
    `${STATUS_LOG}
  port_in_redirect off;
  ${servers.join('')}`,
  );
}
