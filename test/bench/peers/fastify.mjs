/** Run as a process of its own: fastify with @fastify/jwt, its cache on, and @fastify/http-proxy, as their READMEs have it. */

import { readFileSync } from 'node:fs';
import proxy from '@fastify/http-proxy';
import jwt from '@fastify/jwt';
import fastify from 'fastify';

const [port, upstream, publicKey, issuer, audience, prefix, scope] = process.argv.slice(2);

const app = fastify({ logger: false });
await app.register(jwt, {
  secret: { public: readFileSync(publicKey) },
  verify: { algorithms: ['RS256'], allowedIss: issuer, allowedAud: audience, cache: 10_000 },
});
await app.register(proxy, {
  upstream,
  prefix,
  rewritePrefix: prefix,
  preHandler: async (request, reply) => {
    await request.jwtVerify();
    if (!request.user.scope?.split(' ').includes(scope)) reply.code(403).send();
  },
});
await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
