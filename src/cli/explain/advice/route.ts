/** Requests without a route, with an ambiguous path, with too large a head, or with a method that no rule covers. */

import type { Config, Route } from '../../../config/config.ts';
import { findNearest } from '../../../config/diagnostics/suggestion.ts';
import { createRouteTable, matchRequest, matchRoute } from '../../../route/match.ts';
import type { CanonicalPath } from '../../../route/path.ts';
import { showValue } from '../../terminal.ts';
import type { Evaluation } from '../evaluate/evaluation.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns advice on `no_route`. */
export function adviseOnRoute({ config, head, metadata }: Evaluation): Advice {
  if (!head.ok) return { cause: 'OPTIONS * is about no resource' };
  if (metadata?.kind === 'ambiguous')
    return { cause: 'several resources have metadata at this path, and the Host is none of theirs' };
  if (!head.path.ok) return { cause: 'no route has a prefix of this path' };
  const elsewhere = listRoutesOfOtherHosts(config, head.path);
  const nearest = findNearestRoute(
    head.path.key,
    config.routes.map(({ key }) => key),
  );
  // A route for all paths of another host is not a hint about this path.
  if (elsewhere.some(({ prefix }) => prefix !== '/') || (elsewhere.length > 0 && nearest === undefined)) {
    const hosts = elsewhere.map(({ host }) => host).join(', ');
    const cause = `the path has a route, but only for the host ${hosts}, not for ${showValue(head.host)}`;
    return { cause, remedy: { text: 'send the Host of the route, or make the key of the route one without a host' } };
  }
  if (nearest === undefined) return { cause: 'no route has a prefix of this path' };
  return {
    cause: `the nearest route is "${nearest}"; paths are compared with case, by whole segments`,
    remedy: { text: 'correct the path of the request, or the key', path: ['routes', nearest] },
  };
}

/** @returns advice on `headers_too_large`. */
export function adviseOnSize({ config }: Evaluation): Advice {
  return {
    cause: `the head is larger than limits.headers (${config.limits.headers} bytes)`,
    remedy: {
      text: 'let the issuer put less into the token (fewer groups and roles); or raise it above what clients send, cookies and all',
      path: ['limits', 'headers'],
    },
  };
}

function listRoutesOfOtherHosts({ routes }: Config, path: CanonicalPath): readonly Route[] {
  const table = createRouteTable(routes);
  const hosts = new Set(routes.flatMap(({ host }) => host ?? []));
  return [...hosts].flatMap(host => {
    const match = matchRoute(table, host, path);
    return match.ok ? match.route : [];
  });
}

/** Compares each key with as many segments of the path as it has. */
function findNearestRoute(path: string, keys: readonly string[]): string | undefined {
  return keys.find(key => {
    const prefix = key.slice(key.indexOf('/'));
    return prefix !== '/' && findNearest(path.split('/', prefix.split('/').length).join('/'), [prefix]) !== undefined;
  });
}

const PLAIN_FORM = 'let the client send the path in its plain form';
const REPORTED = `${PLAIN_FORM}, before a route to this upstream leaves report: then it is refused`;

/** On a route without upstream: another proxy forwards the bytes as they came. */
const LITERAL_READING =
  'the proxy that asks forwards these bytes, and one that decodes nothing would come to another route, or other scopes';

const UNUSUAL_END = 'a server that drops dots and blanks at the end of a name (Windows) would come to another route';

/** @returns advice on `ambiguous_path`. */
export function adviseOnPath({ head, config, match }: Evaluation): Advice {
  const cause = 'two servers could read the path differently, and then what is authorised is not what is served';
  if (match?.ok) return { cause, remedy: { text: REPORTED } };
  if (!head.ok || !head.path.ok) return { cause, remedy: { text: PLAIN_FORM } };
  if (head.path.contested.length === 0) {
    const isOnlySent = matchRequest(createRouteTable(config.routes), head).ok;
    return { cause: isOnlySent ? LITERAL_READING : UNUSUAL_END, remedy: { text: PLAIN_FORM } };
  }
  const encodings = [...new Set(head.path.contested)].filter(encoding => /^(?:%[2-7][0-9A-F]|;)$/.test(encoding));
  const plain = { ...head.path, contested: [] };
  const found = matchRoute(createRouteTable(config.routes), head.host, plain);
  if (!found.ok || encodings.length === 0) return { cause, remedy: { text: PLAIN_FORM } };
  const list = encodings.map(encoding => JSON.stringify(encoding)).join(', ');
  if (encodings.every(encoding => found.route.allowEncoded.has(encoding))) {
    return {
      cause: 'a server that decodes the path could come to another route, or the path has too many readings',
      remedy: { text: 'let the client send another path' },
    };
  }
  return {
    cause,
    remedy: {
      text: `let the client send the path in its plain form; or add ${list}, if this upstream keeps it encoded until it has routed`,
      path: ['routes', found.route.key, 'allow_encoded'],
    },
  };
}

/** @returns advice on `method_not_allowed`. */
export function adviseOnMethod({ evaluation, route }: DeniedRequest): Advice {
  const { method } = evaluation.request;
  const allow = evaluation.decision?.denial?.allow.join(', ');
  return {
    cause: `no rule of the route covers ${method} here; there are rules for ${allow}`,
    remedy: { text: `add ${method} (or "*") with the scopes that it needs`, path: ['routes', route.key, 'scopes'] },
  };
}
