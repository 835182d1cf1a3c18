/** The fields of a line that depend only on the route or only on the token: formatted once, and kept with it. */

import type { Route } from '../../config/config.ts';
import type { OmittableField } from '../../config/values/access-log.ts';
import type { AccessToken } from '../../token/access-token.ts';
import { readClient } from '../../token/client.ts';
import { type Cut, formatList, formatText } from './json-values.ts';

/** Some fields of a line, each behind a comma, and whether a value among them was cut. */
export interface Fields {
  readonly text: string;
  readonly isCut: boolean;
}

/** Whether a line has the field. */
export type Shown = Readonly<Record<OmittableField, boolean>>;

export class RouteFields {
  readonly #shown: Shown;
  readonly #kept = new WeakMap<Route, Fields>();

  constructor(shown: Shown) {
    this.#shown = shown;
  }

  of(route: Route): Fields {
    const known = this.#kept.get(route);
    if (known !== undefined) return known;
    const cut: Cut = { isCut: false };
    const named = this.#shown.route ? `,"route":${formatText(route.id, cut)}` : '';
    const isNamed = this.#shown.resource && !route.public;
    const fields = {
      text: isNamed ? `${named},"resource":${formatText(route.resource, cut)}` : named,
      isCut: cut.isCut,
    };
    this.#kept.set(route, fields);
    return fields;
  }
}

/** In the token itself: a WeakMap of 100,000 tokens makes a full garbage collection take a second. */
const FIELDS = Symbol('fields of the access log');

interface KeptFields extends Fields {
  /** By which they were formatted: another configuration may show others. */
  readonly shown: Shown;
}

type LoggedToken = AccessToken & { readonly [FIELDS]?: KeptFields };

export class TokenFields {
  readonly #shown: Shown;

  constructor(shown: Shown) {
    this.#shown = shown;
  }

  /** @param scopes those that the route compared: of the token, or, with a `scope_claim` of the route, read for this request. */
  of(token: LoggedToken, scopes = token.scopes): Fields {
    if (scopes !== token.scopes) return formatToken(token, scopes, this.#shown);
    const known = token[FIELDS];
    if (known?.shown === this.#shown) return known;
    const value = formatToken(token, scopes, this.#shown);
    // Not enumerable, so that a copy with other claims does not have them.
    Object.defineProperty(token, FIELDS, { value, configurable: true });
    return value;
  }
}

function formatToken(token: AccessToken, scopes: ReadonlySet<string>, shown: Shown): KeptFields {
  const { issuer, claims, audience, secondAudience, type, kind, expiresAt } = token;
  const cut: Cut = { isCut: false };
  const aud = secondAudience ? [...new Set([...audience, ...secondAudience])] : audience;
  const text =
    (shown.iss ? `,"iss":${formatText(issuer, cut)}` : '') +
    (shown.sub ? formatClaim('sub', claims['sub'], cut) : '') +
    (shown.client_id ? formatClaim('client_id', readClient(claims), cut) : '') +
    (shown.aud ? `,"aud":${formatList(aud, cut)}` : '') +
    (shown.scope ? `,"scope":${formatText([...scopes].join(' '), cut)}` : '') +
    (shown.jti ? formatClaim('jti', claims['jti'], cut) : '') +
    (shown.exp ? `,"exp":${expiresAt}` : '') +
    (shown.typ ? formatClaim('typ', type, cut) : '') +
    (shown.kind ? formatClaim('kind', kind, cut) : '');
  return { text, isCut: cut.isCut, shown };
}

function formatClaim(name: OmittableField, value: unknown, cut: Cut): string {
  return typeof value === 'string' ? `,"${name}":${formatText(value, cut)}` : '';
}
