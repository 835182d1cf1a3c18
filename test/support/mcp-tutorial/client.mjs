/**
 * An MCP client that knows nothing but the URL of a server (SDK 1.x): it finds the authorization server, registers there, logs its
 * user in, and calls one tool. Where others open a browser, it follows the redirects itself.
 *
 *     node client.mjs [--user alice] [--save FILE] URL TOOL
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const { values, positionals } = parseArgs({
  options: { user: { type: 'string', default: 'alice' }, save: { type: 'string' } },
  allowPositionals: true,
});
const [url, tool] = positionals;
const callback = 'http://127.0.0.1:3333/callback';

/** What the SDK asks of an application (OAuthClientProvider). */
const login = {
  redirectUrl: callback,
  clientMetadata: {
    client_name: 'The client of the tutorial',
    redirect_uris: [callback],
    token_endpoint_auth_method: 'none',
  },
  clientInformation: () => login.client,
  saveClientInformation: client => {
    login.client = client;
    console.log(`registered at ${client.issuer}`);
  },
  tokens: () => login.saved,
  saveTokens: tokens => {
    login.saved = tokens;
    console.log(`a token with the scope ${tokens.scope}`);
    if (values.save) writeFileSync(values.save, tokens.access_token);
  },
  codeVerifier: () => login.verifier,
  saveCodeVerifier: verifier => {
    login.verifier = verifier;
  },
  redirectToAuthorization: async target => {
    const { searchParams } = target;
    console.log(`login of ${values.user}, for ${searchParams.get('resource')}, scope ${searchParams.get('scope')}`);
    searchParams.set('login_hint', values.user);
    login.code = await followRedirects(target);
  },
};

/** @returns the code in the redirect to the client. The cookies are those of one login. */
async function followRedirects(target) {
  const cookies = new Map();
  for (let next = target; ; ) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(next, { redirect: 'manual', headers: { cookie } });
    for (const [, name, value] of response.headers.getSetCookie().map(line => /^([^=]+)=([^;]*)/.exec(line))) {
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`${response.status}: ${await response.text()}`);
    next = new URL(location, next);
    if (!next.href.startsWith(callback)) continue;
    const code = next.searchParams.get('code');
    if (code === null) throw new Error(`the login ended with ${next.searchParams.get('error')}`);
    return code;
  }
}

let transport;
let client;

/** Does something, and does it again after a login where the server asked for one. */
async function loggingIn(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(login.code);
    return act();
  }
}

try {
  await loggingIn(() => {
    transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: login });
    client = new Client({ name: 'tutorial', version: '1.0.0' });
    return client.connect(transport);
  });
  const { content } = await loggingIn(() => client.callTool({ name: tool }));
  console.log(`${tool}: ${content[0].text}`);
} catch (error) {
  console.log(`${tool}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await client?.close();
}
