/** An explanation as text, in the layout of a compiler's error. */

import { STATUS_CODES } from 'node:http';
import { describeUrl } from '../../../token/fetching/fetch-failure.ts';
import { escapeText, type Paint, showValue } from '../../terminal.ts';
import { describeExcused } from '../checks/checks.ts';
import type { PredictedForwarding, PredictedReply } from '../evaluate/predicted-reply.ts';
import { formatUrl } from '../evaluate/request-spec.ts';
import { renderChecks } from './check-text.ts';
import type { Explanation } from './explanation.ts';
import { formatPlace } from './yaml-place.ts';

/** @returns the lines. Every value from the request, the token or the configuration is escaped. */
export function renderText(explanation: Explanation, paint: Paint): readonly string[] {
  return [
    ...renderRequest(explanation, paint),
    '',
    ...renderChecks(explanation, paint),
    '',
    ...renderDecision(explanation, paint),
    ...renderAdvice(explanation, paint),
    ...renderForwarding(explanation, paint),
    ...renderReply(explanation, paint),
    ...renderTokenRequest(explanation, paint),
  ];
}

function renderRequest({ evaluation: { request } }: Explanation, paint: Paint): string[] {
  const at = `${new Date(request.at).toISOString()}${request.isNow ? ' (now)' : ''}`;
  const assumed = `  Host is assumed to be ${request.authority}: the URL names none`;
  const head = `${paint('bold', `${request.method} ${escapeText(formatUrl(request))}`)}  at ${at}`;
  return request.isAuthorityAssumed ? [head, assumed] : [head];
}

function renderDecision(explanation: Explanation, paint: Paint): string[] {
  const { decision, reason, presented, reply, lapsed, next } = explanation;
  const detail = presented === undefined ? '' : `, presented: ${presented}`;
  const after = next === undefined ? [] : [`  A token in time would be denied next for ${next}.`];
  if (decision === 'unknown')
    return [paint('yellow', 'cannot be said: it depends on what the issuer says of the token')];
  if (decision === 'answered') return [paint('green', 'answered by the gateway itself: 200')];
  if (decision === 'refused')
    return [paint('red', `refused: ${reply?.status} ${reason}${detail}`), ...renderLapsed(lapsed), ...after];
  if (reason === undefined) return [paint('green', 'forwarded')];
  return [paint('yellow', `forwarded, and reported: ${reason}${detail}`), ...renderReported(explanation), ...after];
}

/** Why it is not refused. */
function renderReported(explanation: Explanation): string[] {
  const { reason, reply, evaluation } = explanation;
  const { match, decision } = evaluation;
  if (reason === 'ambiguous_path') {
    return [
      `  Every route to this upstream is public or on report; on verify or enforce it would be refused with ${reply?.status}.`,
    ];
  }
  const mode = match?.ok && !match.route.public ? match.route.enforcement : '';
  const passes = new Set(decision?.excused.map(describeExcused));
  const lines = Array.from(passes, text => `  It ${escapeText(text)}.`);
  if (isExcused(explanation)) return [...lines, withoutException(mode, reply?.status)];
  return [
    ...lines,
    `  The enforcement of this route is ${mode}; on enforce it would be refused with ${reply?.status}.`,
  ];
}

/** Whether an exception excuses the reason itself, not only another one behind it, as it may be on verify. */
function isExcused({ reason, evaluation }: Explanation): boolean {
  return (evaluation.decision?.excused ?? []).some(excused => excused.reason === reason);
}

function withoutException(mode: string, status: number | undefined): string {
  if (mode === 'enforce') return `  Without that it would be refused with ${status}.`;
  return `  On ${mode} it would only be reported without that, too; on enforce it would be refused with ${status}.`;
}

function renderLapsed(lapsed: Explanation['lapsed']): string[] {
  if (!lapsed) return [];
  return [`  The exception of ${escapeText(lapsed.owner)} lapsed at the end of ${lapsed.until} (UTC).`];
}

function renderAdvice({ cause, remedy }: Explanation, paint: Paint): string[] {
  const place = remedy?.place ? `${formatPlace(remedy.place)}: ${escapeText(remedy.place.path)}: ` : '';
  return [
    ...(cause === undefined ? [] : [`${paint('bold', 'cause:')}  ${escapeText(cause)}`]),
    ...(remedy === undefined ? [] : [`${paint('bold', 'remedy:')} ${paint('cyan', place)}${escapeText(remedy.text)}`]),
  ];
}

function renderForwarding({ forwarding, evaluation }: Explanation, paint: Paint): string[] {
  if (!forwarding) return [];
  const query = evaluation.request.target.includes('?') ? '?…' : '';
  const identity = forwarding.identity.map(({ header, claim, value }) =>
    value === undefined
      ? `  ${header}: not set, for want of a claim ${showValue(claim)}`
      : `  ${header}: ${showValue(value)}  (${showValue(claim)})`,
  );
  return [
    '',
    forwarding.urls.length === 0
      ? paint('bold', 'by the proxy that asks, since the route has no upstream:')
      : `${paint('bold', 'to the upstream:')} ${evaluation.request.method} ${escapeText(forwarding.urls.map(url => url + query).join(' or '))}`,
    ...renderAuthorization(forwarding),
    ...identity,
    ...forwarding.rules.set.map(name => `  ${name}: set by request_headers`),
    ...forwarding.rules.removed.map(name => `  ${name}: removed by request_headers`),
    ...(forwarding.urls.length === 0
      ? []
      : ['  X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto and Forwarded: set by the gateway']),
  ];
}

/** Where `request_headers` sets it, it stands with the others. */
function renderAuthorization({ isTokenForwarded, exchange, rules }: PredictedForwarding): string[] {
  if (rules.set.some(name => name.toLowerCase() === 'authorization')) return [];
  if (exchange) {
    const { tokenEndpoint, resource, audience, scopes } = exchange;
    const target = escapeText(
      [resource, audience].filter(each => each !== undefined).join(' and ') || scopes.join(' '),
    );
    return [
      `  Authorization: a token for ${target}, which the token is exchanged for at ${escapeText(describeUrl(tokenEndpoint))}`,
      '  Nobody is asked for it here; the endpoint may refuse.',
    ];
  }
  return [`  Authorization: ${isTokenForwarded ? 'kept (upstream_token: forward)' : 'removed'}`];
}

function renderReply(explanation: Explanation, paint: Paint): string[] {
  const { reply, decision } = explanation;
  if (!reply) return [];
  const isByException = isExcused(explanation);
  const forwarded = isByException ? 'what enforce would answer without the exception:' : 'what enforce would answer:';
  const title = decision === 'forwarded' ? forwarded : 'the answer:';
  return ['', paint('bold', title), ...renderMessage(reply)];
}

function renderMessage({ status, headers, body }: PredictedReply): string[] {
  const fields = headers.map(([name, value]) => `  ${name}: ${value}`);
  return [`  HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...fields, '', `  ${body}`];
}

function renderTokenRequest({ tokenRequest }: Explanation, paint: Paint): string[] {
  if (!tokenRequest) return [];
  const { resource, authorizationServers, scopes, metadata, commands } = tokenRequest;
  return [
    '',
    paint('bold', 'how to get a token:'),
    `  resource              ${resource}`,
    `  authorization server  ${authorizationServers.join(', ') || 'none is named: metadata.authorization_servers names one'}`,
    `  scopes                ${scopes.length > 0 ? scopes.join(' ') : 'none is needed'}`,
    `  metadata              ${metadata}`,
    '',
    ...commands.map(line => `  ${line}`),
  ];
}
