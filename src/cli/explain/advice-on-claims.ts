/** The type and the scopes of a token that verified. */

import { quoteValue } from '../terminal.ts';
import type { Advice, Case } from './case.ts';
import { listText, requirementOf } from './facts.ts';
import { looksLikeIdToken, recogniseIssuer } from './known-issuer.ts';

export function adviseOnType({ jws, route }: Case): Advice {
  const issuer = String(jws?.claims['iss']);
  if (looksLikeIdToken(jws?.claims ?? {})) {
    return {
      cause: 'it is an ID token: it tells a client who signed in, and opens no API',
      remedy: { text: `send the access token; ${recogniseIssuer(issuer).ask(route.resource)}` },
    };
  }
  const type = jws?.type;
  if (type !== undefined && type.toLowerCase() !== 'jwt') {
    return { cause: `typ ${quoteValue(type)} is another kind of token`, remedy: { text: 'send an access token' } };
  }
  return {
    cause: 'the issuer does not mark its access tokens with typ at+jwt (RFC 9068 section 2.1)',
    remedy: {
      text: 'let the issuer write typ at+jwt; where it cannot, set [at+jwt, JWT]: then only the audience keeps its ID tokens out',
      path: ['issuers', issuer, 'token_types'],
    },
  };
}

export function adviseOnScope({ judgement, route, jws }: Case): Advice | undefined {
  const { match, decision, question } = judgement;
  if (!match?.ok) return undefined;
  const requirement = requirementOf(match, route, question.method);
  const missing = requirement.ok ? requirement.scopes.filter(scope => !decision?.verified?.scopes.has(scope)) : [];
  const claims = jws?.claims ?? {};
  const issuer = String(claims['iss']);
  const elsewhere = ['scp', 'scope', 'roles', 'permissions'].find(name => {
    const held = listText(claims[name]).flatMap(text => text.split(' '));
    return missing.every(scope => held.includes(scope));
  });
  if (elsewhere !== undefined) {
    return {
      cause: `the token has ${missing.join(' ')} in the claim ${elsewhere}, which is not read`,
      remedy: { text: `set ${elsewhere}`, path: ['issuers', issuer, 'scope_claim'] },
    };
  }
  return {
    cause: `the client did not ask for ${missing.join(' ')}, or may not have ${missing.length > 1 ? 'them' : 'it'}`,
    remedy: {
      text: `let the client ask for scope "${requirement.ok ? requirement.scopes.join(' ') : ''}", and the issuer grant it`,
    },
  };
}
