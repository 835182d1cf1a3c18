/**
 * A real Keycloak, set up as config/recipes/keycloak-mcp.yaml says: a client of the MCP SDK that knows nothing but the URL registers
 * there, or shows its metadata document, and calls tools through the gateway.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type LogLine, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { type RunningMcpServer, startMcpServer } from '../../support/mcp-servers.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { eventually } from '../../support/waiting.ts';
import { Realm } from './realm.ts';
import { describeClient, SdkClient, type SdkClientOptions } from './sdk-client.ts';
import { isKeycloakHere, type KeycloakServer, startKeycloak } from './server.ts';

const RECIPE = join(import.meta.dirname, '../../../config/recipes/keycloak-mcp.yaml');
const NAMED = 'https://sso.example.com/realms/shop';
const START = 400_000;
/** A realm, a registration and a login take Keycloak seconds of CPU. */
const TIMEOUT = { timeout: 300_000 };

/** Whether the line is of a call of the tool by this client. */
function isCall(line: LogLine, clientId: string | undefined): boolean {
  return line['tool'] === 'delete_user' && line['outcome'] === 'forwarded' && line['client_id'] === clientId;
}

describe.skipIf(!isKeycloakHere)(
  'Keycloak and MCP clients (needs KEYCLOAK_HOME, an unpacked distribution)',
  TIMEOUT,
  () => {
    let keycloak: KeycloakServer;
    let realm: Realm;
    let server: RunningMcpServer;
    let documents: Server;
    let documentUrl: string;
    let port: number;
    let resource: string;
    let gateway: RunningGateway | undefined;
    const clients: SdkClient[] = [];

    beforeAll(async () => {
      [keycloak, server] = await Promise.all([startKeycloak(), startMcpServer(1)]);
      documents = createServer(keycloak.authority.issue('DNS:localhost'), (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ client_id: documentUrl, ...describeClient(false) }));
      });
      documentUrl = `https://localhost:${await listenOnLoopback(documents)}/client.json`;
      port = await reservePort();
      resource = `http://127.0.0.1:${port}/mcp`;
    }, START);

    beforeEach(async () => {
      realm = await Realm.create(keycloak.origin);
    });

    afterEach(async () => {
      for (const client of clients.splice(0)) await client.close();
      await gateway?.close();
      gateway = undefined;
      await realm.remove();
    });

    afterAll(async () => {
      await server?.close();
      if (documents) await once(documents.close(), 'close');
    }, START);

    /** Steps 1 and 2 of the recipe. */
    async function addScopes(): Promise<void> {
      await realm.addClient({ clientId: resource });
      for (const scope of ['mcp:use', 'users:admin']) {
        await realm.addScope(scope, resource);
        await realm.offerScope(scope);
      }
    }

    /** Steps 1 to 3. */
    async function setUp(): Promise<void> {
      await addScopes();
      await realm.trustHosts('localhost', '127.0.0.1');
    }

    /** The recipe with this realm and this server. @param mcp keys of `mcp` in their place; `undefined` takes one away. */
    async function start(mcp: Readonly<Record<string, unknown>> = {}): Promise<RunningGateway> {
      const { issuers, routes } = parse(readFileSync(RECIPE, 'utf8'));
      const route = { ...routes['/mcp'], resource, upstream: server.origin };
      const issuer = { ...issuers[NAMED], jwks_uri: `${realm.issuer}/protocol/openid-connect/certs` };
      const sibling = { resource: `http://127.0.0.1:${port}/sibling`, upstream: server.origin };
      gateway = await startGateway(
        stringify({
          listen: `127.0.0.1:${port}`,
          issuers: { [realm.issuer]: issuer },
          routes: { '/mcp': { ...route, mcp: { ...route.mcp, ...mcp } }, '/sibling': sibling },
        }),
      );
      return gateway;
    }

    function createClient(options: SdkClientOptions = {}): SdkClient {
      const client = new SdkClient(resource, options);
      clients.push(client);
      return client;
    }

    test('the recipe: a client registers, logs in once, and calls every tool', async () => {
      await setUp();
      const { log } = await start();
      const client = createClient();
      await client.connect();
      expect([await client.call('add'), await client.call('delete_user')]).toEqual(['add ran', 'delete_user ran']);
      expect(client.asked).toEqual(['mcp:use users:admin']);
      expect(decodeProtectedHeader(client.accessToken).typ).toBe('JWT');
      expect(decodeJwt(client.accessToken)).toMatchObject({ aud: resource, azp: client.clientId });
      await eventually(() => log.some(line => isCall(line, client.clientId)));
    });

    test('its token at a sibling: refused, and counted with the server that it is for', async () => {
      await setUp();
      const { origin, sample } = await start();
      const client = createClient();
      await client.connect();
      const headers = { authorization: `Bearer ${client.accessToken}` };
      const refused = await fetch(`${origin}/sibling`, { method: 'POST', headers });
      expect(refused.status).toBe(401);
      const labels = `route="/sibling",resource="http://127.0.0.1:${port}/sibling",presented="${resource}",issuer="${realm.issuer}"`;
      expect(await sample(`audgate_confused_deputy_rejections_total{${labels},action="refused"}`)).toBe(1);
    });

    test('without initial_scopes: a registered client that refreshes gets the old scopes again, so the tool stays refused', async () => {
      await setUp();
      await start({ initial_scopes: undefined });
      const client = createClient();
      await client.connect();
      expect(await client.call('add')).toBe('add ran');
      const runs = server.runs.delete_user;
      await expect(client.call('delete_user')).rejects.toThrow('403 after trying upscoping');
      expect(client.asked).toEqual(['mcp:use']);
      expect(server.runs.delete_user).toBe(runs);
    });

    test('without initial_scopes: the second login of a registered client ends in invalid_scope', async () => {
      await setUp();
      await start({ initial_scopes: undefined });
      const client = createClient({ refreshes: false });
      await client.connect();
      const runs = server.runs.delete_user;
      await expect(client.call('delete_user')).rejects.toThrow('invalid_scope');
      expect(client.asked).toEqual(['mcp:use', 'mcp:use users:admin']);
      expect(server.runs.delete_user).toBe(runs);
    });

    test('a client with a metadata document: its second login works, and the log names it by its URL', async () => {
      await setUp();
      await realm.trustClientDocuments('localhost');
      const { log } = await start({ initial_scopes: undefined });
      const client = createClient({ document: documentUrl, refreshes: false });
      await client.connect();
      expect(await client.call('delete_user')).toBe('delete_user ran');
      expect(client.clientId).toBe(documentUrl);
      expect(client.asked).toEqual(['mcp:use', 'mcp:use users:admin']);
      await eventually(() => log.some(line => isCall(line, documentUrl)));
    });

    test('Trusted Hosts as Keycloak has it: nobody registers', async () => {
      await addScopes();
      await start();
      await expect(createClient().connect()).rejects.toThrow(/Policy 'Trusted Hosts' rejected/);
    });

    test('a scope that the realm does not offer: a client that asks for it does not register', async () => {
      await realm.addClient({ clientId: resource });
      await realm.addScope('mcp:use', resource);
      await realm.trustHosts('127.0.0.1');
      await start();
      await expect(createClient().connect()).rejects.toThrow(/Policy 'Allowed Client Scopes' rejected/);
    });

    test('a redirect URI on another host: does not register', async () => {
      await addScopes();
      await realm.trustHosts('localhost');
      await start();
      await expect(createClient().connect()).rejects.toThrow(/match any trusted host/);
    });
  },
);
