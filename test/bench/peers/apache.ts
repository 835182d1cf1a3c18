/** Apache with mod_auth_openidc as a resource server that verifies JWTs itself, on the event MPM, with its access log. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForAnswer } from '../probe.ts';
import { MEASURED, start } from '../processes.ts';
import { findFreePort, type TestBed } from '../test-bed.ts';
import { ISSUER, PATH, RESOURCE, SCOPE, signToken } from '../tokens/sign.ts';
import { createLog } from './access-log.ts';
import { isInstalled } from './debian.ts';
import { type Peer, PeerMissing, type RunningPeer } from './peer.ts';

export const apache: Peer = { name: 'Apache', verifiesTokens: true, start: startApache };

const MODULES = [
  'mpm_event',
  'authn_core',
  'authz_core',
  'authz_user',
  'auth_openidc',
  'proxy',
  'proxy_http',
  'headers',
];
const PACKAGES = { apache2: 'apache2', 'mod_auth_openidc.so': 'libapache2-mod-auth-openidc' };

async function startApache(bed: TestBed): Promise<RunningPeer> {
  for (const [file, debianPackage] of Object.entries(PACKAGES)) {
    if (!(await isInstalled(file, debianPackage))) {
      throw new PeerMissing(`the Debian package ${debianPackage} cannot be had`);
    }
  }
  const port = await findFreePort();
  const configuration = join(bed.folder, `apache-${port}.conf`);
  const log = createLog(`${configuration}.access`);
  writeFileSync(configuration, createConfiguration(bed, port, log.file));
  const server = start('apache2', ['-f', configuration, '-DFOREGROUND'], {
    cores: MEASURED,
    errors: `${configuration}.err`,
  });
  await waitForAnswer(port, `${PATH}/small`, server, await signToken(bed.keys, { algorithm: 'RS256' }));
  return { port, pid: server.pid, tidy: log.truncate, end: () => server.end() };
}

function createConfiguration({ folder, keys, upstreamPort }: TestBed, port: number, log: string): string {
  const modules = MODULES.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`);
  return `ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache-${port}.pid
ErrorLog ${folder}/apache-${port}.log
LogLevel error
CustomLog ${log} "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\""
${modules.join('\n')}
User www-data
Group www-data
Listen 127.0.0.1:${port}
ListenBackLog 4096
StartServers 1
ServerLimit 8
ThreadsPerChild 64
ThreadLimit 64
MaxRequestWorkers 512
MinSpareThreads 32
MaxSpareThreads 512
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
OIDCCryptoPassphrase "of a measurement"
OIDCOAuthVerifyCertFiles RS256#${keys.publicFiles.RS256}
OIDCOAuthRemoteUserClaim sub
<Location ${PATH}>
  AuthType oauth20
  <RequireAll>
    Require claim iss:${ISSUER}
    Require claim aud:${RESOURCE}
    Require claim "scope~^(.* )?${SCOPE}( .*)?$"
  </RequireAll>
  RequestHeader unset Authorization
  ProxyPass http://127.0.0.1:${upstreamPort}${PATH} enablereuse=on keepalive=on max=64
</Location>
`;
}
