/**
 * APIs as the documentation of each package has them, in a process of their own: the packages are installed into a temporary
 * folder, from which this copy runs. One line of JSON says where they listen.
 *
 * argv: issuer, audience, the key set as JSON, the public key as PEM.
 */

import { createServer } from 'node:http';
import jwt from '@fastify/jwt';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import Fastify from 'fastify';
import { createLocalJWKSet, jwtVerify } from 'jose';

const [issuer, audience, jwks, pem] = process.argv.slice(2);

async function listen(handler) {
  const server = createServer(handler);
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

const keys = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(jwks));
await new Promise(resolve => keys.listen(0, '127.0.0.1', resolve));
const jwksUri = `http://127.0.0.1:${keys.address().port}/jwks`;

function expressApi() {
  const app = express();
  app.use(auth({ issuer, jwksUri, audience, tokenSigningAlg: 'RS256' }));
  return app.get('/api', (_request, response) => response.json({ ok: true }));
}

/** @param allowed `allowedAud`, where the API says it. */
async function fastifyApi(allowed) {
  const fastify = Fastify();
  const verify = { algorithms: ['RS256'], allowedIss: issuer, ...allowed };
  await fastify.register(jwt, { secret: { public: pem }, verify });
  fastify.get('/api', { onRequest: request => request.jwtVerify() }, async () => ({ ok: true }));
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  return fastify.server.address().port;
}

/** @param expected options of `jwtVerify`: the SDK leaves it to its user whom a token is for. */
function mcpServer(expected) {
  const key = createLocalJWKSet(JSON.parse(jwks));
  const verifier = {
    async verifyAccessToken(token) {
      const { payload } = await jwtVerify(token, key, { issuer, algorithms: ['RS256'], ...expected }).catch(() => {
        throw new InvalidToken();
      });
      return { token, clientId: payload.client_id ?? payload.sub, scopes: [], expiresAt: payload.exp };
    },
  };
  const app = express();
  const resourceMetadataUrl = new URL('/.well-known/oauth-protected-resource/api', audience).href;
  app.get('/api', requireBearerAuth({ verifier, resourceMetadataUrl }), (_request, response) =>
    response.json({ ok: true }),
  );
  app.get('/.well-known/oauth-protected-resource/api', (_request, response) => response.json({ resource: audience }));
  return app;
}

const { InvalidTokenError } = await import('@modelcontextprotocol/sdk/server/auth/errors.js');
class InvalidToken extends InvalidTokenError {
  constructor() {
    super('the token is not valid');
  }
}

const ports = {
  'express-oauth2-jwt-bearer': await listen(expressApi()),
  '@fastify/jwt with allowedAud': await fastifyApi({ allowedAud: audience }),
  '@fastify/jwt without allowedAud': await fastifyApi({}),
  'MCP SDK, audience verified': await listen(mcpServer({ audience })),
  'MCP SDK, audience not verified': await listen(mcpServer({})),
};
process.stdout.write(`${JSON.stringify(ports)}\n`);
