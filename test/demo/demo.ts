/**
 * `npm run demo`: an authorization server, two APIs and the built gateway, all real, on loopback.
 * With `--once` it ends after the last step. Exit status 0 only where every step was as expected.
 */

import { startAuthorizationServer } from '../support/authorization-server.ts';
import { startUpstream } from '../support/upstream.ts';
import { createDemoOutput, type DemoOutput } from './demo-output.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { BILLING, PROFILE, runSteps, type World } from './steps.ts';

const CLIENT = { clientId: 'demo-client', clientSecret: 'demo-secret' };

/** What was started, to be closed in reverse order. */
const started: { close(): Promise<void> }[] = [];
let gatewayLog = () => '';
let ending = false;

async function main(): Promise<void> {
  const output = createDemoOutput();
  output.print('One authorization server, two APIs, one gateway: all real, all on this machine.', '');
  const world = await startWorld();
  await runSteps(world, output);
  if (output.failures.length > 0) throw new Error(['these expectations failed:', ...output.failures].join('\n  - '));
  if (process.argv.includes('--once')) return end(0);
  printCommandsToTry(world, output);
}

async function startWorld(): Promise<World> {
  const authorizationServer = await startAuthorizationServer({
    issuer: 'https://login.example.com',
    clients: [CLIENT],
    resources: [
      { resource: PROFILE, scopes: ['profile:read'] },
      { resource: BILLING, scopes: ['billing:read', 'billing:write'] },
    ],
  });
  started.push(authorizationServer);
  const profile = await startUpstream({ name: 'profile' });
  started.push(profile);
  const billing = await startUpstream({ name: 'billing' });
  started.push(billing);

  const gateway = await startGatewayProcess({
    DEMO_JWKS_URI: authorizationServer.jwksUri,
    DEMO_PROFILE: profile.origin,
    DEMO_BILLING: billing.origin,
  });
  started.push(gateway);
  gatewayLog = gateway.log;
  await gateway.waitUntilReady();
  return { authorizationServer, profile, billing, gateway };
}

function printCommandsToTry({ authorizationServer, gateway }: World, output: DemoOutput): void {
  output.print(
    '',
    'Try it by hand; everything stays up until Ctrl-C.',
    `  TOKEN=$(curl -s -u ${CLIENT.clientId}:${CLIENT.clientSecret} ${authorizationServer.tokenEndpoint} \\`,
    `    -d grant_type=client_credentials -d resource=${PROFILE} -d scope=profile:read | cut -d'"' -f4)`,
    `  curl -i -H "Authorization: Bearer $TOKEN" ${gateway.origin}/profile/me`,
    `  curl -i -H "Authorization: Bearer $TOKEN" ${gateway.origin}/billing/invoices`,
    `  curl -s ${gateway.adminOrigin}/metrics | grep confused_deputy`,
    `  The status page, in a browser: ${gateway.adminOrigin}/`,
  );
}

async function end(status: number): Promise<void> {
  ending = true;
  for (const each of started.splice(0).reverse()) await each.close();
  process.exit(status);
}

async function fail(error: unknown): Promise<void> {
  if (ending) return; // Ctrl-C between two steps: the next step fails because the servers have ended.
  console.error(error instanceof Error ? error.message : error);
  console.error(`\nThe gateway's log:\n${gatewayLog()}`);
  await end(1);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => (ending ? process.exit(1) : end(0)));
}
main().catch(fail);
