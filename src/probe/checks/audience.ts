/** How `aud` is compared: exactly, with every value of a list of strings (RFC 7519 sections 2 and 4.1.3). All of it needs a key of the issuer. */

import { type Check, mintedCases, NEEDS_MINTING, type ProbeContext } from '../check.ts';
import { OTHER_RESOURCE } from './given-tokens.ts';

const closed = { isClosedByGateway: true } as const;
const EXACTLY = 'compare aud with the identifier of this API as a whole string, byte for byte';

export const NO_AUDIENCE: Check = {
  ...closed,
  id: 'no-audience',
  title: 'a token without an audience is refused',
  clause: 'RFC 9068 sections 2.2 and 4',
  headline: 'accepts tokens without an audience',
  remedy: 'refuse a token whose aud is absent or empty',
  cases: context =>
    mintedCases(context, [
      ['a token without aud', { claims: { aud: undefined } }],
      ['a token with an empty list as aud', { claims: { aud: [] } }],
      ['a token with an empty text as aud', { claims: { aud: '' } }],
    ]),
};

export const AUDIENCE_SUBSTRING: Check = {
  ...closed,
  id: 'audience-substring',
  title: 'an audience that contains the right one is refused',
  clause: 'RFC 7519 sections 2 and 4.1.3',
  headline: 'compares the audience in part: accepts one that only begins or ends alike',
  remedy: EXACTLY,
  cases: context =>
    withResource(context, resource => [
      [`aud with something after the right one`, { claims: { aud: `${resource}.audgate-probe.invalid` } }],
      [`aud with something before the right one`, { claims: { aud: `https://audgate-probe.invalid/?${resource}` } }],
      [`aud without the last characters of the right one`, { claims: { aud: resource.replace(/.{2}\/?$/, '') } }],
    ]),
};

export const AUDIENCE_CASE: Check = {
  ...closed,
  id: 'audience-case',
  title: 'an audience in other letter case is refused',
  clause: 'RFC 7519 section 2 (StringOrURI)',
  headline: 'compares the audience without regard to letter case',
  remedy: EXACTLY,
  cases: context =>
    withResource(context, resource => {
      const host = changeHostCase(resource);
      return [
        ['aud in upper case', { claims: { aud: changeCase(resource) } }],
        ...(host === resource ? [] : [['aud with its host in upper case', { claims: { aud: host } }] as const]),
      ];
    }),
};

/** Who compares URIs as RFC 3986 section 6.2.2.1 normalises them takes the letter case of host and scheme for nothing. */
function changeHostCase(resource: string): string {
  return resource.replace(/^[\w+.-]+:\/\/[^/?#]*/, changeCase);
}

function changeCase(text: string): string {
  const upper = text.toUpperCase();
  return upper === text ? text.toLowerCase() : upper;
}

export const AUDIENCE_SLASH: Check = {
  ...closed,
  id: 'audience-slash',
  title: 'an audience with one slash more or less is refused',
  clause: 'RFC 7519 section 2 (StringOrURI)',
  headline: 'takes an audience with one slash more or less for the right one',
  remedy: `${EXACTLY}; where both forms are meant, list both`,
  cases: context =>
    withResource(context, resource => {
      const other = resource.endsWith('/') ? resource.slice(0, -1) : `${resource}/`;
      return [[`aud ${resource.endsWith('/') ? 'without' : 'with'} the slash at its end`, { claims: { aud: other } }]];
    }),
};

export const AUDIENCE_LIST: Check = {
  ...closed,
  id: 'audience-list',
  title: 'a list of other audiences is refused',
  clause: 'RFC 7519 section 4.1.3',
  headline: 'accepts a list of audiences in which the right one is not',
  remedy: 'look for the identifier of this API among the values of aud, and refuse a list without it',
  cases: context =>
    withResource(context, resource => [
      ['a list of other audiences', { claims: { aud: [OTHER_RESOURCE, 'audgate-probe'] } }],
      [
        'a list whose text has the right one in it',
        { claims: { aud: [`${OTHER_RESOURCE} ${resource}`, `x,${resource}`] } },
      ],
    ]),
};

export const AUDIENCE_OBJECT: Check = {
  ...closed,
  id: 'audience-object',
  title: 'an audience that is neither text nor a list of texts is refused',
  clause: 'RFC 7519 section 4.1.3',
  headline: 'accepts an audience of a wrong type that has the right one in it',
  remedy: 'refuse an aud that is neither a string nor a list of strings',
  cases: context =>
    withResource(context, resource => [
      ['an object as aud', { claims: { aud: { [resource]: true, value: resource } } }],
      ['a list in a list as aud', { claims: { aud: [[resource]] } }],
    ]),
};

type Changes = Parameters<typeof mintedCases>[1];

function withResource(context: ProbeContext, list: (resource: string) => Changes) {
  return context.resource === undefined ? NEEDS_MINTING : mintedCases(context, list(context.resource));
}
