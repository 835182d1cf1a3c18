/** Tokens of which their issuer says that they are not active (RFC 7662 section 2.2). It never says why. */

import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import type { IntrospectingIssuer } from '../../../token/introspection/introspection-request.ts';
import { quoteForShell, quoteValue } from '../../terminal.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns how the operator asks by hand. Secret and token come from the environment and a file. */
export function adviseOnAsked({ issuer, introspection }: IntrospectingIssuer): Advice {
  const { endpoint, clientId, authentication } = introspection;
  const cause = `the issuer ${quoteValue(issuer)} would be asked about this token, and explain shows a token to nobody`;
  const hasSecret = authentication.method === 'basic' || authentication.method === 'post';
  const by = hasSecret
    ? `: ${formatCommand(endpoint, clientId)}`
    : ` at ${endpoint} as the client ${quoteValue(clientId)}`;
  return {
    cause,
    remedy: { text: `ask it yourself, and give its answer in place of the token (--token-file answer.json)${by}` },
  };
}

/** In the body, since `curl -u` does not encode a client id with a colon (RFC 6749 section 2.3.1). */
function formatCommand(endpoint: string, clientId: string): string {
  const fields = [quoteForShell(`client_id=${clientId}`), '"client_secret=$CLIENT_SECRET"', '"token=$(cat token.txt)"'];
  const options = fields.map(field => `--data-urlencode ${field}`).join(' ');
  return `curl -s ${options} ${quoteForShell(endpoint)} > answer.json`;
}

/** @returns advice on `inactive_token`. */
export function adviseOnInactive({ evaluation }: DeniedRequest): Advice {
  const issuer = evaluation.credentials?.issuer;
  const client = issuer?.introspection?.clientId ?? '';
  const { cause, remedy } = recogniseProduct(issuer?.issuer ?? '').inactive?.(client) ?? {
    cause: `some issuers also say so of a token that is not for the asking client, here "${client}"`,
    remedy: 'see whether this client may ask about tokens for this API',
  };
  return {
    cause: `the issuer says that the token is not active: it has ended, was withdrawn, or is unknown there; ${cause}`,
    remedy: { text: `get a new token; if that is inactive, too, ${remedy}`, path: pathOf(issuer?.issuer) },
  };
}

function pathOf(issuer = ''): readonly string[] {
  return ['issuers', issuer, 'introspection', 'client_id'];
}
