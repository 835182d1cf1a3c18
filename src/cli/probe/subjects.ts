/** Arguments and tokens → what one probe is about: an API by its URL, or each protected route of a configuration. */

import { createPublicKey } from 'node:crypto';
import type { Config, ProtectedRoute, Route } from '../../config/config.ts';
import type { ProbeSubject } from '../../probe/run.ts';
import { readJws } from '../../probe/tokens/jws-parts.ts';
import { createMinter, type Minter } from '../../probe/tokens/minter.ts';
import { createForeignKey } from '../../probe/tokens/signing-keys.ts';
import type { ProbeArguments } from './arguments.ts';
import type { GivenTokens } from './tokens.ts';

export interface NamedSubject {
  /** The key of the route in the configuration; `undefined` for a URL. */
  readonly route: string | undefined;
  readonly url: string;
  /** Called when it is probed, so that what is minted has not expired by then. @returns a text: why it cannot be probed. */
  readonly create: () => ProbeSubject | string;
}

interface Credentials {
  readonly right: string;
  readonly others: readonly string[];
  readonly minter: Minter | undefined;
}

/** @param scope that the challenge of the API asks for, or that the route needs. */
export function createUrlSubject(
  given: ProbeArguments,
  tokens: GivenTokens,
  scope: string | undefined,
): ProbeSubject | string {
  const template = tokens.right === undefined ? undefined : readTemplate(tokens.right);
  const { mintKey: key } = tokens;
  const { issuer, resource } = given;
  const canMint = key !== undefined && issuer !== undefined && resource !== undefined;
  const minter = canMint ? createMinter({ key, issuer, resource, template, scope }) : undefined;
  const right = tokens.right ?? minter?.mint();
  return right === undefined
    ? 'no token that it accepts was given'
    : toSubject(given, tokens, { right, others: tokens.others, minter });
}

function readTemplate(token: string) {
  const jws = readJws(token);
  return jws && { header: jws.headerMembers, claims: jws.claims };
}

function toSubject(given: ProbeArguments, tokens: GivenTokens, { right, others, minter }: Credentials): ProbeSubject {
  const jws = readJws(right);
  let foreign: ReturnType<typeof createForeignKey> | undefined;
  return {
    target: given,
    tokens: { right, jws, others, idToken: tokens.idToken, expired: tokens.expired, insufficient: tokens.insufficient },
    minter,
    publicKeys: tokens.mintKey ? [createPublicKey(tokens.mintKey.key)] : [],
    foreignKey: () => {
      foreign ??= createForeignKey(jws?.headerMembers['alg']);
      return foreign;
    },
    listener: undefined,
    resource: given.resource,
    siblingPath: given.siblingPath,
  };
}

/** @returns a subject for each protected route, in the order of the file. */
export function createRouteSubjects(
  config: Config,
  given: ProbeArguments,
  tokens: GivenTokens,
): readonly NamedSubject[] {
  const isProtected = (route: Route): route is ProtectedRoute => !route.public;
  return config.routes.filter(isProtected).map(route => {
    const at = placeOf(route, given);
    const url = `${at.url.protocol}//${at.host}${at.path}`;
    return { route: route.key, url, create: () => createRouteSubject(config, route, at, tokens) };
  });
}

function placeOf({ host, prefix, resource }: ProtectedRoute, given: ProbeArguments): ProbeArguments {
  const base = given.path.replace(/[?].*$/, '').replace(/\/$/, '');
  return { ...given, host: host ?? given.host, path: `${base}${prefix}`, resource };
}

function createRouteSubject(
  config: Config,
  route: ProtectedRoute,
  at: ProbeArguments,
  tokens: GivenTokens,
): ProbeSubject | string {
  const all = [...(tokens.right === undefined ? [] : [tokens.right]), ...tokens.others];
  const given = all.find(token => isFor(route, token));
  const minter = createRouteMinter(config, route, at, tokens, given);
  if (typeof minter === 'string') return minter;
  const right = given ?? minter?.mint();
  if (right === undefined) return 'none of the given tokens is for its resource, and there is no --mint-key';
  const elsewhere = config.routes.find(other => !other.public && !route.audiences.has(other.resource));
  const minted = minter && elsewhere && !elsewhere.public ? [minter.mint({ claims: { aud: elsewhere.resource } })] : [];
  const others = all.filter(token => !isFor(route, token));
  const own = { ...tokens, expired: onlyFor(route, tokens.expired), insufficient: onlyFor(route, tokens.insufficient) };
  return toSubject(at, own, { right, others: others.length > 0 ? others : minted, minter });
}

function createRouteMinter(
  config: Config,
  route: ProtectedRoute,
  { issuer: name = '' }: ProbeArguments,
  { mintKey: key }: GivenTokens,
  given: string | undefined,
): Minter | string | undefined {
  if (!key) return undefined;
  const issuer = config.issuers.get(name);
  if (!issuer || !route.issuers.has(name)) return 'its issuers are others than that of --issuer';
  const [typ = 'at+jwt'] = issuer.tokenTypes;
  const scopes = [...new Set(route.scopeRules.flatMap(rule => rule.scopes))];
  const template = given === undefined ? { header: { typ }, claims: {} } : readTemplate(given);
  const scope = scopes.length > 0 ? scopes.join(' ') : undefined;
  return createMinter({ key, issuer: name, resource: route.resource, template, scope });
}

/** Of another API, it would be refused for that, and tell nothing else. */
function onlyFor(route: ProtectedRoute, token: string | undefined): string | undefined {
  return token !== undefined && isFor(route, token) ? token : undefined;
}

/** Unverified: the gateway that is asked verifies it. */
function isFor({ audiences }: ProtectedRoute, token: string): boolean {
  const aud = readJws(token)?.claims['aud'];
  return [aud].flat().some(value => typeof value === 'string' && audiences.has(value));
}
