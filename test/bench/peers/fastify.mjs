/** Run as a process of its own: fastify with @fastify/jwt, its cache on, and @fastify/http-proxy, as their READMEs have it; its log with one line for each request. */

import { readFileSync } from 'node:fs';
import proxy from '@fastify/http-proxy';
import jwt from '@fastify/jwt';
import fastify from 'fastify';

const [port, upstream, publicKey, issuer, audience, prefix, scope] = process.argv.slice(2);

const app = fastify({
  logger: true,
  disableRequestLogging: true,
  // The proxy logs two lines of its own for each request.
  childLoggerFactory: (logger, bindings, options) => logger.child(bindings, { ...options, level: 'warn' }),
});
app.addHook('onResponse', async (request, reply) => {
  app.log.info({ reqId: request.id, req: request, res: reply, responseTime: reply.elapsedTime }, 'request completed');
});
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
