/** Tokens of an issuer that is not trusted. Their claims are unverified; they only help to find the cause. */

import type { Issuer, ProtectedRoute } from '../../../config/config.ts';
import {
  findPlaceholder,
  isSameTenant,
  recogniseProduct,
} from '../../../config/lint/identity-products/issuer-product.ts';
import { quoteValue } from '../../terminal.ts';
import { findNearestDifference } from '../checks/difference.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns advice on `untrusted_issuer`. */
export function adviseOnIssuer({ evaluation, route, jws }: DeniedRequest): Advice {
  const iss = jws?.claims['iss'];
  if (typeof iss !== 'string') return { cause: 'the token does not name its issuer (RFC 9068 section 2.2)' };
  const { config, credentials } = evaluation;
  if (credentials?.issuer) return adviseOnOtherRoute(route);
  // The issuers of this route come first.
  const keys = [...new Set([...route.issuers, ...config.issuers.keys()])];
  return (
    adviseOnTenant(iss, keys, config.issuers) ??
    adviseOnSpelling(iss, keys) ??
    adviseOnPlaceholder(iss, keys) ?? {
      cause: `${quoteValue(iss)} is none of the issuers of this gateway: the token is of another environment, tenant or realm`,
      remedy: {
        text: `let the client use ${[...route.issuers].join(' or ')}; trust another issuer only if you know who runs it`,
      },
    }
  );
}

/** The issuer is configured, but not for this route. */
function adviseOnOtherRoute({ issuers, key }: ProtectedRoute): Advice {
  return {
    cause: `the issuer is configured, but this route accepts ${[...issuers].join(', ')} only`,
    remedy: {
      text: 'let the client use that authorization server; or add this one, if its tokens may open this API',
      path: ['routes', key, 'issuers'],
    },
  };
}

/** Where `iss` is another name of the same tenant of the same product, the key in the YAML is to be changed. */
function adviseOnTenant(
  iss: string,
  keys: readonly string[],
  issuers: ReadonlyMap<string, Issuer>,
): Advice | undefined {
  const key = keys.find(each => isSameTenant(each, iss));
  if (key === undefined) return undefined;
  const { name } = recogniseProduct(iss);
  const words = findNearestDifference(iss, [key])?.words.join(', ');
  return {
    cause: `it is a token of ${name}, and of the tenant or realm of ${quoteValue(key)}, under another name (${words}); iss is compared exactly`,
    remedy: {
      text: `write the key as ${quoteValue(iss)}, which is what these tokens carry${describeKeys(iss, key, issuers.get(key))}${describeVersion(iss, key)}`,
      path: ['issuers', key],
    },
  };
}

/** Under the new name the keys must still come from the server that is trusted now. */
function describeKeys(iss: string, key: string, issuer: Issuer | undefined): string {
  const { jwksUri } = recogniseProduct(key);
  if (issuer?.keySource.kind === 'file') return ', and leave its jwks_file';
  if (issuer?.keySource.kind === 'uri') return ', and leave its jwks_uri';
  if (jwksUri === undefined || isDiscoverable(iss, key)) return '';
  return `, with jwks_uri: ${jwksUri(key)}, the keys of the server that is trusted now`;
}

/** Whether discovery under the new name asks the server that is trusted now, over https. */
function isDiscoverable(iss: string, key: string): boolean {
  if (!URL.canParse(iss) || !URL.canParse(key)) return false;
  const { protocol, host } = new URL(iss);
  return protocol === 'https:' && host === new URL(key).host;
}

/** Some products can be set to write the configured name instead. */
function describeVersion(iss: string, key: string): string {
  const { instead } = recogniseProduct(iss);
  return instead?.product === recogniseProduct(key).name ? `; or ${instead.how}` : '';
}

function adviseOnSpelling(iss: string, keys: readonly string[]): Advice | undefined {
  const nearest = findNearestDifference(iss, keys);
  if (!nearest?.isSameResource) return undefined;
  return {
    cause: `the issuer spells itself in another way (${nearest.words.join(', ')}), and iss is compared exactly`,
    remedy: {
      text: `write the key as the issuer writes iss: ${JSON.stringify(iss)}`,
      path: ['issuers', nearest.expected],
    },
  };
}

/** A key such as `common` stands for every tenant of the product; only the operator knows which tenant to trust. */
function adviseOnPlaceholder(iss: string, keys: readonly string[]): Advice | undefined {
  const product = recogniseProduct(iss);
  const key = keys.find(
    each => findPlaceholder(each) !== undefined && recogniseProduct(each).family === product.family,
  );
  if (key === undefined || product.name === 'any') return undefined;
  return {
    cause: `no token carries ${quoteValue(key)} as iss: it ${findPlaceholder(key)}`,
    remedy: {
      text: `write ${quoteValue(iss)} as the key, if that is your own tenant: anybody can have one at ${product.name}, and its tokens look the same`,
      path: ['issuers', key],
    },
  };
}
