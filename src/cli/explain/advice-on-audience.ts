/** Why a token's audience is not this route's, and what to do about it without taking in tokens that are for somebody else. */

import type { ProtectedRoute } from '../../config/config.ts';
import { nameSharedAudience } from '../../config/shared-audience.ts';
import { quoteValue } from '../terminal.ts';
import type { Advice, Case } from './case.ts';
import { type Difference, findDifference, findNearestDifference } from './difference.ts';
import { listText } from './facts.ts';
import { type KnownIssuer, recogniseIssuer } from './known-issuer.ts';
import { nameOtherKind } from './token-kind.ts';

const GUID = /^(?:api:\/\/)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** @param presented as `findWrongAudience` says it; the decision does not say it of a token that was denied for something else. */
export function adviseOnAudience(each: Case, presented = each.judgement.decision?.denial?.presented): Advice {
  const { route, jws } = each;
  const known = recogniseIssuer(String(jws?.claims['iss']));
  const audience = listText(jws?.claims['aud']);
  if (presented === 'missing') return adviseOnAbsence(route, known);
  if (presented === 'multiple') return adviseOnSeveral(each, known, audience);
  const sibling = presented === 'foreign' ? findSiblingTwin(each, audience) : nameSibling(each, presented);
  if (sibling) return { cause: sibling, remedy: { text: known.ask(route.resource) } };
  return adviseOnForeign(each, known, audience);
}

function adviseOnAbsence({ resource }: ProtectedRoute, known: KnownIssuer): Advice {
  const cause =
    known.withoutAudience ??
    'the token has no aud: it was not asked for any resource, or its issuer does not write one';
  return { cause, remedy: { text: `${known.ask(resource)}; a token without aud is never accepted` } };
}

function adviseOnSeveral({ route }: Case, known: KnownIssuer, audience: readonly string[]): Advice {
  const rule = `multiple_audiences: ${route.multipleAudiences}`;
  const others = audience.filter(value => !route.audiences.has(value));
  const cause = `the token is for this resource and also for ${nameAudiences(others)}, which ${rule} refuses`;
  if (others.some(value => value.endsWith('/userinfo'))) {
    const text = 'let the client leave out the scope openid: then Auth0 adds no /userinfo audience';
    return { cause, remedy: { text, path: ['routes', route.key, 'multiple_audiences'] } };
  }
  return { cause, remedy: { text: `${known.ask(route.resource)}, and for nothing else` } };
}

function nameSibling({ judgement, route }: Case, resource: string | undefined): string | undefined {
  const siblings = judgement.config.routes.filter(each => !each.public && each.resource === resource);
  const names = siblings.map(({ key }) => `"${key}"`).join(', ');
  return `the token is for ${resource}, the resource of route ${names}, and not for ${route.resource}: a client or an API sends it to the wrong place`;
}

/** An audience that is but a spelling of a sibling's must not be taken for ours. */
function findSiblingTwin({ judgement, route }: Case, audience: readonly string[]): string | undefined {
  for (const other of judgement.config.routes) {
    if (other.public || other.resource === route.resource) continue;
    const difference = audience.map(value => findNearestDifference(value, other.audiences)).find(isTwin);
    if (difference) {
      return `the token seems to be for ${other.resource}, the resource of route "${other.key}" (${difference.words.join(', ')}), and not for ${route.resource}`;
    }
  }
  return undefined;
}

function isTwin(difference: Difference | undefined): boolean {
  const alike = ['api:// before the name', 'letter case', 'white space'];
  return difference !== undefined && (difference.isSameResource || difference.words.some(word => alike.includes(word)));
}

function adviseOnForeign(each: Case, known: KnownIssuer, audience: readonly string[]): Advice {
  const { route, jws } = each;
  const ours = audience.find(
    value => isTwin(findNearestDifference(value, route.audiences)) && !nameSharedAudience(value, [...route.issuers]),
  );
  if (ours !== undefined && ours.trim() === ours) {
    const words = findNearestDifference(ours, route.audiences)?.words.join(', ');
    const cause = `the issuer spells the resource in another way (${words}), and audiences are compared exactly (RFC 7519 section 2)`;
    return addAudience(route, ours, cause, `or ${known.ask(route.resource)}`);
  }
  const claims = jws?.claims ?? {};
  const client = [claims['azp'], claims['appid'], claims['client_id'], claims['cid']];
  const other = nameOtherKind(claims);
  if (other !== undefined) {
    const text = `send the access token, not this one; ${known.ask(route.resource)}`;
    return { cause: `the token is no access token: it is ${other}`, remedy: { text } };
  }
  if (audience.some(value => client.includes(value))) {
    const cause =
      'the token is for the client itself: it is an ID token, or one for the client, and no access token for an API';
    return { cause, remedy: { text: `send the access token, not the ID token; ${known.ask(route.resource)}` } };
  }
  return adviseByProduct(each, known, audience) ?? adviseOnStranger(each, known, audience);
}

function addAudience(route: ProtectedRoute, audience: string, cause: string, otherwise: string): Advice {
  const text = `add ${JSON.stringify(audience)}, ${otherwise}`;
  return { cause, remedy: { text, path: ['routes', route.key, 'audiences'] } };
}

function adviseByProduct({ route }: Case, known: KnownIssuer, audience: readonly string[]): Advice | undefined {
  const [first = ''] = audience;
  const ask = { text: known.ask(route.resource) };
  switch (known.product) {
    case 'Entra ID':
      return adviseOnShared(route, audience, ask.text) ?? adviseOnEntra(route, first);
    case 'Keycloak':
      if (!audience.includes('account')) return undefined;
      return {
        cause:
          'Keycloak\'s "account" is the audience of its own account console: the client has no audience mapper for this API',
        remedy: ask,
      };
    case 'Okta':
      if (first !== 'api://default') return undefined;
      return {
        cause:
          '"api://default" is the audience of Okta\'s default authorization server: every API behind it would accept the same tokens',
        remedy: ask,
      };
    case 'Auth0':
      if (!audience.some(value => /\/(?:userinfo|api\/v2\/)$/.test(value))) return undefined;
      return {
        cause:
          'the token is for Auth0 itself (/userinfo or its Management API): the client did not name this API as audience',
        remedy: ask,
      };
    case 'Google':
      return {
        cause: 'Google issues tokens for its own APIs and ID tokens for clients, none for other APIs',
        remedy: ask,
      };
    case 'Ping':
      if (!/^https:\/\/api\.pingone\./.test(first)) return undefined;
      return { cause: 'the token is for the API of PingOne itself, which is the default', remedy: ask };
    default:
      return adviseOnShared(route, audience, ask.text);
  }
}

function adviseOnShared({ issuers }: ProtectedRoute, audience: readonly string[], ask: string): Advice | undefined {
  const shared = audience.map(value => nameSharedAudience(value, [...issuers])).find(name => name !== undefined);
  if (shared === undefined || shared === 'the issuer itself') return undefined;
  return { cause: `the token is for ${shared}, and for nobody else`, remedy: { text: ask } };
}

function adviseOnEntra(route: ProtectedRoute, audience: string): Advice | undefined {
  if (!GUID.test(audience)) return undefined;
  const isUri = audience.startsWith('api://');
  const cause = isUri
    ? 'v1 tokens of Entra ID carry the Application ID URI (api://…) as aud; v2 tokens the application (client) ID'
    : 'v2 tokens of Entra ID carry the application (client) ID of the API as aud, whatever resource or scope was asked for';
  const otherwise = isUri
    ? 'if it is the Application ID URI of this API; or set requestedAccessTokenVersion (accessTokenAcceptedVersion) to 2 in its manifest and add its client ID'
    : 'if it is the application (client) ID of this API, and of no other, in Entra ID';
  return addAudience(route, audience, cause, otherwise);
}

function adviseOnStranger({ route, jws }: Case, known: KnownIssuer, audience: readonly string[]): Advice {
  const names = nameAudiences(audience);
  const isForIssuer = audience.some(
    value => findDifference(value, String(jws?.claims['iss']))?.isSameResource !== false,
  );
  const cause = isForIssuer
    ? `the token is for its issuer itself (${names}): the client named no resource`
    : `the token is for ${names}, which is no resource of this gateway`;
  return { cause, remedy: { text: known.ask(route.resource) } };
}

/** However many a stranger puts into a token. */
function nameAudiences(audience: readonly string[]): string {
  const more = audience.length > 4 ? ` and ${audience.length - 4} more` : '';
  return `${audience.slice(0, 4).map(quoteValue).join(', ')}${more}`;
}
