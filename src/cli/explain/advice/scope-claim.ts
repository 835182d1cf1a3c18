/** The claims that scopes are read from, and the forms in which they are not understood. */

import type { Issuer, ProtectedRoute } from '../../../config/config.ts';
import type { Path } from '../../../config/source/document.ts';
import { type ClaimPath, type Claims, resolveClaim } from '../../../config/values/claim-path.ts';
import { quoteValue } from '../../terminal.ts';
import { listTexts } from '../checks/facts.ts';
import type { Advice } from './denied-request.ts';

/** Where the scopes of a token are read at a route, and the key of the YAML that says so. */
export interface ReadScopeClaim {
  readonly paths: readonly ClaimPath[];
  readonly separator: string;
  readonly key: Path;
}

/** @returns what `readHeldScopes` reads. */
export function scopeClaimOf(route: ProtectedRoute, claims: Claims, issuer: Issuer | undefined): ReadScopeClaim {
  const separator = issuer?.scopeSource.separator ?? ' ';
  if (route.scopePaths) return { paths: route.scopePaths, separator, key: ['routes', route.key, 'scope_claim'] };
  const byDefault = (claims['scope'] ?? undefined) === undefined ? 'scp' : 'scope';
  const paths = issuer?.scopeSource.paths ?? [{ text: byDefault, steps: [byDefault] }];
  return { paths, separator, key: ['issuers', String(claims['iss']), 'scope_claim'] };
}

/** @returns advice where a claim that is read holds the missing scopes in a form that is not understood. */
export function adviseOnScopeForm(
  claims: Claims,
  { paths, separator }: ReadScopeClaim,
  missing: readonly string[],
): Advice | undefined {
  const holdsAll = (parts: readonly string[]) => missing.every(scope => parts.includes(scope));
  for (const path of paths) {
    const claim = resolveClaim(claims, path);
    const name = quoteValue(path.text);
    const found = typeof claim === 'string' ? [', ', ','].find(each => isSeparator(each, claim, holdsAll)) : undefined;
    if (found !== undefined) return adviseOnSeparator(name, claims, missing, found);
    const form = findForm(claim, separator, holdsAll);
    if (form === undefined) continue;
    const cause = `the claim ${name} holds ${missing.join(' ')}, but ${form}`;
    const text =
      'let the issuer write a text with one space between two scopes (RFC 8693 section 4.2), or an array with one scope an entry';
    return { cause, remedy: { text } };
  }
  return undefined;
}

/** @returns advice where `scope_claim` is written, and none of its paths leads to anything in this token. */
export function adviseOnAbsentPath(
  claims: Claims,
  { paths, key }: ReadScopeClaim,
  issuer: Issuer | undefined,
): Advice | undefined {
  const isWritten = key[0] === 'routes' || issuer?.scopeSource.paths !== undefined;
  if (!isWritten || paths.some(path => resolveClaim(claims, path) !== undefined)) return undefined;
  const names = paths.map(({ text }) => quoteValue(text)).join(', ');
  return {
    cause: `the token has nothing at ${names}, where scope_claim says that scopes are: it grants none`,
    remedy: {
      text: 'name the claim that the issuer writes; if every token lacks it, the path is misspelled',
      path: key,
    },
  };
}

/** Whether `text` is written with it throughout. */
function isSeparator(separator: string, text: string, holdsAll: HoldsAll): boolean {
  const parts = text.split(separator);
  return parts.length > 1 && holdsAll(parts) && parts.every(part => !/[,\s]/.test(part));
}

function adviseOnSeparator(name: string, claims: Claims, missing: readonly string[], separator: string): Advice {
  return {
    cause: `the claim ${name} holds ${missing.join(' ')}, but with commas, where only a space separates`,
    remedy: {
      text: `set ${JSON.stringify(separator)} if every string of this issuer is written so; it is then the only separator`,
      path: ['issuers', String(claims['iss']), 'scope_separator'],
    },
  };
}

type HoldsAll = (parts: readonly string[]) => boolean;

function findForm(claim: unknown, separator: string, holdsAll: HoldsAll): string | undefined {
  if (typeof claim === 'string') return findFormOfText(claim, separator, holdsAll);
  return Array.isArray(claim) ? findFormOfArray(claim, holdsAll) : undefined;
}

function findFormOfText(claim: string, separator: string, holdsAll: HoldsAll): string | undefined {
  if (claim.trim().startsWith('[') && holdsAll(listTexts(parseJson(claim))))
    return 'as the JSON of an array within a text';
  if (!holdsAll(claim.split(/[,;\s]+/))) return undefined;
  return `with something else than ${separator === ' ' ? 'a space' : JSON.stringify(separator)} between`;
}

function findFormOfArray(claim: readonly unknown[], holdsAll: HoldsAll): string | undefined {
  if (claim.some(entry => typeof entry !== 'string')) {
    return holdsAll(listTexts(claim)) ? 'in an array with entries that are no text' : undefined;
  }
  const words = listTexts(claim).flatMap(entry => entry.split(/[,;\s]+/));
  return holdsAll(words) ? 'in an array whose entries hold several scopes' : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
