/** The claim that scopes are read from, and the forms in which it is not understood. */

import type { Issuer } from '../../../config/config.ts';
import { quoteValue } from '../../terminal.ts';
import { listTexts } from '../checks/facts.ts';
import type { Advice } from './denied-request.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** @returns the name of the claim that `readAccessToken` reads. */
export function scopeClaimOf(claims: Claims, issuer: Issuer | undefined): string {
  return issuer?.scopeClaim ?? ((claims['scope'] ?? undefined) === undefined ? 'scp' : 'scope');
}

/** @returns advice where the claim that is read holds the missing scopes in a form that is not understood. */
export function adviseOnScopeForm(claim: unknown, name: string, missing: readonly string[]): Advice | undefined {
  const holdsAll = (parts: readonly string[]) => missing.every(scope => parts.includes(scope));
  const form = findForm(claim, holdsAll);
  if (form === undefined) return undefined;
  const cause = `the claim ${quoteValue(name)} holds ${missing.join(' ')}, but ${form}`;
  const text =
    'let the issuer write a text with one space between two scopes (RFC 8693 section 4.2), or an array with one scope an entry';
  return { cause, remedy: { text } };
}

type HoldsAll = (parts: readonly string[]) => boolean;

function findForm(claim: unknown, holdsAll: HoldsAll): string | undefined {
  if (typeof claim === 'string') return findFormOfText(claim, holdsAll);
  if (Array.isArray(claim)) return findFormOfArray(claim, holdsAll);
  const isMap = typeof claim === 'object' && claim !== null;
  return isMap && holdsAll(Object.keys(claim)) ? 'as the keys of an object' : undefined;
}

function findFormOfText(claim: string, holdsAll: HoldsAll): string | undefined {
  if (claim.trim().startsWith('[') && holdsAll(listTexts(parseJson(claim))))
    return 'as the JSON of an array within a text';
  if (!holdsAll(claim.split(/[,;\s]+/))) return undefined;
  return claim.includes(',') ? 'with commas, where only a space separates' : 'with something else than a space between';
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
