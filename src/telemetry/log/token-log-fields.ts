/** The fields of the access log about the token, in their order. */

import type { AccessLogField } from './access-log-field.ts';

export const TOKEN_FIELDS: readonly AccessLogField[] = [
  {
    name: 'iss',
    type: 'string',
    present: 'the token verified, also where it has expired since',
    description: 'The issuer.',
  },
  {
    name: 'sub',
    type: 'string',
    present: 'the token verified and has this claim as a string',
    description: 'The subject.',
  },
  {
    name: 'client_id',
    type: 'string',
    present: 'the token verified and has this claim as a string',
    description: 'The client of the token: the first of `client_id`, `azp`, `appid` and `cid` that it has.',
  },
  {
    name: 'aud',
    type: 'array of strings',
    present: 'the token verified, also where it has expired since',
    description:
      'The audiences, at most 64 of them: `aud`, or what the `audience_claim` of the issuer holds, and then `aud` where the token has both.',
  },
  {
    name: 'scope',
    type: 'string',
    present: 'the token verified, also where it has expired since',
    description:
      'The scopes, separated by spaces, as the decision took them from the token: by the `scope_claim` of the route or of the issuer, without what `scope_implies` adds.',
  },
  {
    name: 'jti',
    type: 'string',
    present: 'the token verified and has this claim as a string',
    description: 'The identifier of the token.',
  },
  {
    name: 'exp',
    type: 'number',
    present: 'the token verified, also where it has expired since',
    description: 'When the token expires, in seconds since the epoch.',
  },
  {
    name: 'typ',
    type: 'string',
    present: 'the token verified and has a typ',
    description: 'The `typ` of its header, as written.',
  },
  {
    name: 'kind',
    type: 'string',
    present: 'the token verified and names itself no access token',
    description:
      'The kind that its payload names, such as `ID` or `refresh_token`; `id_token` for one that names none and has the claims of an ID token.',
  },
  {
    name: 'unverified',
    type: 'object',
    present: 'a token came and did not verify',
    description:
      'What that token says of itself, as strings cut at 256 characters: `iss`, `kid` and `alg`, each where it is there. Anybody may have written it. Left out where it says none of them, as an opaque token.',
  },
];
