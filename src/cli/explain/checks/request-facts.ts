/** The facts of the checks that need no protected route: the head, its path, and the route. */

import type { Config, Route } from '../../../config/config.ts';
import { escapeExactly } from '../../terminal.ts';
import { type Evaluation, reasonOf } from '../evaluate/evaluation.ts';
import type { Facts } from './facts.ts';
import { describeAmbiguity } from './path-ambiguity.ts';

/** @returns what is known of one check, also where the request did not reach it. */
export function readRequestFacts(name: 'request' | 'path' | 'route', evaluation: Evaluation): Facts {
  switch (name) {
    case 'request':
      return describeHead(evaluation);
    case 'path':
      return describePath(evaluation);
    case 'route':
      return describeRoute(evaluation);
  }
}

function describeHead(evaluation: Evaluation): Facts {
  const { headBytes, config, request } = evaluation;
  if (reasonOf(evaluation) !== 'headers_too_large') return { actual: `Host ${request.authority}` };
  const note = 'request line and header fields; a client sends more of them than Host and Authorization';
  return { actual: `${headBytes} bytes`, expected: `at most ${config.limits.headers} (limits.headers)`, note };
}

function describePath(evaluation: Evaluation): Facts {
  const { head, request } = evaluation;
  const raw = request.target.replace(/\?.*$/s, '').replace(/#.*$/s, '#');
  if (reasonOf(evaluation) === 'ambiguous_path') {
    const { at, what } = describeAmbiguity(raw, head.ok && head.path.ok ? head.path.contested : []);
    const ambiguity = { at: escapeExactly(raw.slice(0, at)).length, what };
    return { actual: escapeExactly(raw), expected: 'a path that every server reads alike', ambiguity };
  }
  const path = head.ok && head.path.ok ? head.path.text : raw;
  return { actual: raw, ...(path !== raw && { note: `forwarded as ${path}` }) };
}

function describeRoute({ config, match, metadata, request }: Evaluation): Facts {
  if (match?.ok === false && match.reason === 'ambiguous_path') return {};
  if (metadata !== undefined) {
    return { actual: 'none: the protected resource metadata (RFC 9728) is answered before any route' };
  }
  if (match?.ok) {
    const note = describeMatch(match.route, config) + describePreflight(match.route, request.method);
    return { actual: `"${match.route.key}"`, note };
  }
  if (match === undefined) return {};
  return { actual: 'none', expected: config.routes.map(route => `"${route.key}"`) };
}

/** A URL and a method do not say whether a browser asks. */
function describePreflight({ cors }: Route, method: string): string {
  if (!cors || method !== 'OPTIONS') return '';
  return '; with Origin and Access-Control-Request-Method it is a preflight, which cors answers with 204, without a token';
}

function describeMatch({ host, prefix }: Route, { routes }: Config): string {
  const where = host === undefined ? 'for every host' : `for the host ${host}`;
  const others = routes.filter(route => route.host === host).length - 1;
  const longest = others > 0 ? ', the longest prefix that matches' : '';
  return `${where}; prefix ${prefix}${longest}`;
}
