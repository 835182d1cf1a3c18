/** The oracle: which route an API reads in what it got, without any of audgate's code. */

import { MODELS } from '../../../security/path-models/models.ts';
import type { ServerModel } from '../../../security/path-models/server-model.ts';
import type { LogLine } from '../../../support/gateway.ts';
import type { WrittenRequest } from './recording-api.ts';
import { OTHER_HOST } from './targets.ts';

const PREFIXES = ['/api', '/open', '/files', '/loose', '/scoped', '/@me/box'];

/** @returns how the API reads something else than what was authorised by `line`; none where it does not. */
export function findMisreadings(written: WrittenRequest, line: LogLine): string[] {
  return [
    ...differ('method', written.method, line['method']),
    ...differ('host', plainHost(written.host), plainHost(String(line['host']))),
    ...MODELS.flatMap(model => compareRoute(model, written, String(line['route']))),
  ];
}

function compareRoute(model: ServerModel, { target, host }: WrittenRequest, route: string): string[] {
  const segments = model.read(pathOf(target));
  if (segments === undefined) return [];
  const found = findOwner(model, plainHost(host), segments);
  if (found !== route) return [`${model.name} reads ${target} as one of ${found}, not of ${route}`];
  const [, second] = segments;
  return found === '/scoped' && second === 'admin' ? [`${model.name} reads ${target} as one of the administrator`] : [];
}

function findOwner(model: ServerModel, host: string, segments: readonly string[]): string {
  const isWithin = (prefix: string) =>
    (model.read(prefix) ?? []).every((segment, index) => segments[index] === segment);
  if (host === OTHER_HOST && isWithin('/api')) return `${OTHER_HOST}/api`;
  return PREFIXES.find(isWithin) ?? 'no route';
}

/** Host and port in one spelling (RFC 9110 section 4.2.3), without the final dot of a name. */
function plainHost(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** Of either form (RFC 9112 section 3.2), as sent. */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*/i, '') || '/';
}

function differ(what: string, found: unknown, authorised: unknown): string[] {
  return found === authorised ? [] : [`${what}: the API got ${found}, authorised was ${authorised}`];
}
