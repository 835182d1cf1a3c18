/** The keys of `exchange` of a route (RFC 8693, RFC 7523). Which of them go together is checked in exchange.ts. */

import { z } from 'zod';
import {
  JWKS_URI,
  parseJwksUri,
  parseTargetResource,
  TARGET_FORM,
  TARGET_RESOURCE,
  URI_FORM,
} from '../values/address/uri.ts';
import { parseScope, SCOPE, SCOPE_FORM } from '../values/scope-rule.ts';
import { text, uniqueList } from './building-blocks.ts';
import { clientText } from './client-schema.ts';
import { duration, flag, nonEmpty } from './scalars.ts';

/** As the YAML names them. */
export const EXCHANGE_GRANTS = ['token-exchange', 'jwt-bearer'] as const;

export const exchangeSchema = z.strictObject({
  token_endpoint: text(JWKS_URI, parseJwksUri, URI_FORM).describe('URL of the token endpoint'),
  grant: z
    .enum(EXCHANGE_GRANTS)
    .default('token-exchange')
    .describe("token-exchange: RFC 8693; jwt-bearer: RFC 7523, as Microsoft Entra's on-behalf-of flow has it"),
  client_id: clientText.describe('The client that the gateway is there'),
  client_secret: clientText.optional().describe('Sent by HTTP Basic; write ${file:…} or ${NAME}'),
  key_file: nonEmpty
    .optional()
    .describe('Instead of client_secret: the key that signs the assertion (private_key_jwt; PEM or JWK)'),
  resource: text(TARGET_RESOURCE, parseTargetResource, TARGET_FORM)
    .optional()
    .describe('The resource that the issued token is for (RFC 8707), sent as resource; not sent with jwt-bearer'),
  audience: nonEmpty
    .optional()
    .describe('The audience that the issued token is for, sent as audience; not sent with jwt-bearer'),
  scopes: uniqueList(text(SCOPE, parseScope, SCOPE_FORM))
    .default([])
    .describe('The scopes that are asked for; needed with jwt-bearer'),
  opaque: flag.default(false).describe('Whether an issued token may be opaque, so that its audience cannot be checked'),
  timeout: duration.prefault('5s').describe('For the answer of the token endpoint, to its last byte'),
  ca_file: nonEmpty
    .optional()
    .describe('Certificates of the authorities of the token endpoint (PEM), in place of those of Node.js'),
});

export type ExchangeSettings = z.output<typeof exchangeSchema>;
