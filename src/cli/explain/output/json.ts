/** An explanation as JSON, for programs. Its keys are stable: new ones may be added, none is removed. */

import type { Excused } from '../../../authorization/exceptions.ts';
import type { Config } from '../../../config/config.ts';
import { describeUrl } from '../../../token/fetching/fetch-failure.ts';
import { toSafeJson } from '../../terminal.ts';
import type { Check } from '../checks/checks.ts';
import type { PredictedForwarding } from '../evaluate/predicted-reply.ts';
import { formatUrl } from '../evaluate/request-spec.ts';
import type { Explanation } from './explanation.ts';

/** @returns the JSON text. What is absent is `null`. No character in it acts on a terminal. */
export function renderJson(explanation: Explanation): string {
  const { evaluation, decision, reason, presented, next, cause } = explanation;
  const { request, config } = evaluation;
  const fields = {
    url: formatUrl(request),
    method: request.method,
    at: new Date(request.at).toISOString(),
    configuration: describeSource(config.source),
    route: describeRoute(explanation),
    checks: explanation.checks.map(describeCheck),
    decision,
    reason: reason ?? null,
    presented: presented ?? null,
    exceptions: (evaluation.decision?.excused ?? []).map(describeExcused),
    next_reason: next ?? null,
    cause: cause ?? null,
    remedy: describeRemedy(explanation),
    response: describeReply(explanation),
    forwarding: describeForwarding(explanation),
    token_request: describeTokenRequest(explanation),
  };
  return toSafeJson(fields, 2);
}

function describeSource({ file, hash, included, files }: Config['source']) {
  return { file, hash, included, files: files.map(({ path, state }) => ({ path, state })) };
}

function describeExcused({ reason, exception: { clientId, owner, until } }: Excused) {
  return { reason, client_id: clientId, owner, until };
}

function describeRoute({ evaluation: { match }, routePlace }: Explanation) {
  if (!match?.ok) return null;
  const { route } = match;
  return {
    key: route.key,
    resource: route.public ? null : route.resource,
    enforcement: route.public ? null : route.enforcement,
    file: routePlace?.file,
    line: routePlace?.line,
  };
}

function describeCheck({ name, verdict, expected, actual, note, difference, ambiguity }: Check) {
  const notes = [note, difference?.words.join(', '), ambiguity?.what].filter(text => text !== undefined).join('; ');
  return { name, verdict, expected: expected ?? null, actual: actual ?? null, ...(notes !== '' && { note: notes }) };
}

function describeRemedy({ remedy }: Explanation) {
  return remedy ? { file: null, line: null, path: null, ...remedy.place, text: remedy.text } : null;
}

function describeReply({ reply, decision }: Explanation) {
  if (!reply) return null;
  const { status, headers, body } = reply;
  return { status, headers: Object.fromEntries(headers), body, sent: decision !== 'forwarded' };
}

function describeForwarding({ forwarding }: Explanation) {
  if (!forwarding) return null;
  const headers = forwarding.identity.map(({ header, claim, value }) => ({
    name: header,
    claim,
    value: value ?? null,
  }));
  const [url = null] = forwarding.urls;
  const { urls, isTokenForwarded, exchange } = forwarding;
  return { url, urls, forward_token: isTokenForwarded, exchange: describeExchange(exchange), headers };
}

function describeExchange(exchange: PredictedForwarding['exchange']) {
  if (!exchange) return null;
  const { tokenEndpoint, resource = null, audience = null, scopes } = exchange;
  return { token_endpoint: describeUrl(tokenEndpoint), resource, audience, scopes };
}

function describeTokenRequest({ tokenRequest }: Explanation) {
  if (!tokenRequest) return null;
  const { resource, authorizationServers, scopes, metadata, commands } = tokenRequest;
  return { resource, authorization_servers: authorizationServers, scopes, metadata, commands };
}
