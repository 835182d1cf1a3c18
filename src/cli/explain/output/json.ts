/** An explanation for machines. Keys are stable: new ones may come, none goes. */

import { toSafeJson } from '../../terminal.ts';
import type { Check } from '../evaluate/checks.ts';
import { nameUrl } from '../evaluate/question.ts';
import type { Explanation } from './explanation.ts';

/** @returns the explanation as JSON text; what is absent is `null`. No character in it acts on a terminal. */
export function renderJson(explanation: Explanation): string {
  const { judgement, decision, reason, presented, checks, cause, remedy, response, forwarding } = explanation;
  const { question, match, config } = judgement;
  const route = match?.ok ? match.route : undefined;
  return toSafeJson(
    {
      url: nameUrl(question),
      method: question.method,
      at: new Date(question.at).toISOString(),
      configuration: config.source,
      route:
        (route && {
          key: route.key,
          resource: route.public ? null : route.resource,
          enforcement: route.public ? null : route.enforcement,
          line: explanation.routePlace?.line,
        }) ||
        null,
      checks: checks.map(describeCheck),
      decision,
      reason: reason ?? null,
      presented: presented ?? null,
      next_reason: explanation.next ?? null,
      cause: cause ?? null,
      remedy: remedy ? { file: null, line: null, path: null, ...remedy.place, text: remedy.text } : null,
      response: response
        ? {
            status: response.status,
            headers: Object.fromEntries(response.headers),
            body: response.body,
            sent: decision !== 'forwarded',
          }
        : null,
      forwarding: forwarding
        ? {
            url: forwarding.url,
            forward_token: forwarding.isTokenForwarded,
            headers: forwarding.identity.map(({ header, claim, value }) => ({
              name: header,
              claim,
              value: value ?? null,
            })),
          }
        : null,
      token_request: explanation.wayToToken
        ? {
            resource: explanation.wayToToken.resource,
            authorization_servers: explanation.wayToToken.authorizationServers,
            scopes: explanation.wayToToken.scopes,
            metadata: explanation.wayToToken.metadata,
            commands: explanation.wayToToken.commands,
          }
        : null,
    },
    2,
  );
}

function describeCheck({ name, verdict, expected, actual, note, difference, fault }: Check) {
  const remark = [note, difference?.words.join(', '), fault?.what].filter(text => text !== undefined).join('; ');
  return { name, verdict, expected: expected ?? null, actual: actual ?? null, ...(remark !== '' && { note: remark }) };
}
