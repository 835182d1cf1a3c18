/**
 * The authorization server of docs/tutorial/protect-an-mcp-server.md: oidc-provider, where MCP clients register themselves. It
 * logs in whom the client names in `login_hint`, without asking; only alice may delete.
 *
 *     node authorization-server.mjs --port 9400 'http://127.0.0.1:8080/notes notes:use notes:delete' …
 */

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
// The file behind the entry point of the package, which writes a notice on Node.js 20.
import { Provider } from 'oidc-provider/lib/provider.js';

const { values, positionals } = parseArgs({ options: { port: { type: 'string' } }, allowPositionals: true });
const issuer = `http://127.0.0.1:${values.port}`;

/** From a resource URI to its scopes, separated by spaces. */
const resources = new Map(
  positionals.map(each => {
    const [resource, ...scopes] = each.split(' ');
    return [resource, scopes.join(' ')];
  }),
);

const mayHave = (user, scope) => user === 'alice' || !scope.endsWith(':delete');

const provider = new Provider(issuer, {
  clientBasedCORS: () => true,
  cookies: { keys: ['only for the tutorial'] },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_context, { uid }) => `/login/${uid}` },
  pkce: { required: () => true },
  scopes: [...resources.values()].flatMap(scopes => scopes.split(' ')),
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: resources.get(resource) ?? '',
        audience: resource,
        accessTokenFormat: 'jwt',
      }),
    },
  },
  // What the user agrees to, without a page that asks.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    for (const [resource, scopes] of resources) {
      // The library asks for consent to a scope that is its own, too, and only its own can be registered.
      grant.addOIDCScope(scopes);
      for (const scope of scopes.split(' ')) {
        if (mayHave(oidc.session.accountId, scope)) grant.addResourceScope(resource, scope);
        else grant.rejectResourceScope(resource, scope);
      }
    }
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
createServer(async (request, response) => {
  if (!request.url.startsWith('/login/')) return answer(request, response);
  const { params } = await provider.interactionDetails(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: params.login_hint ?? 'alice' } });
}).listen(Number(values.port), '127.0.0.1');
