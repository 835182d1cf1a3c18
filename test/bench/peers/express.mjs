/** Run as a process of its own: express with express-oauth2-jwt-bearer and http-proxy-middleware, as their READMEs have it; morgan writes its log. */

import { Agent } from 'node:http';
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { createProxyMiddleware } from 'http-proxy-middleware';
import morgan from 'morgan';

const [port, upstream, jwksUri, issuer, audience, prefix, scope] = process.argv.slice(2);

const app = express();
app.use(morgan('combined'));
app.use(
  prefix,
  auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' }),
  requiredScopes(scope),
  createProxyMiddleware({ target: upstream + prefix, agent: new Agent({ keepAlive: true }) }),
);
app.listen(Number(port), '127.0.0.1', 4096);
