/**
 * What an answer tells the proxy to do with the fields of a request that is allowed: which it sets, each in the place of what the client
 * sent, and which it removes.
 */

import type { Grant } from '../authorization/authorize.ts';
import type { Route } from '../config/config.ts';
import { foldFieldName } from '../config/values/header/reserved-fields.ts';
import { type HeaderList, reduceFields, valuesOf } from '../http/header-list.ts';
import { createIdentityFields } from '../upstream/request-headers.ts';
import type { Form } from './original-request.ts';

/** The field that names what is removed. Envoy does it by itself, for the others their configuration does. */
const REMOVAL: Readonly<Record<Form, string>> = {
  envoy: 'x-envoy-auth-headers-to-remove',
  forwarded: 'audgate-remove',
  original: 'audgate-remove',
};

const AUTHORIZATION = 'authorization';

/** What some route sets from a claim or from the configuration: no client may set it, on this route or any other. */
export type SetNames = ReadonlySet<string>;

/** @returns the names, in lower case and in the order of the YAML. */
export function listSetNames(routes: readonly Route[]): SetNames {
  const names = routes.flatMap(route => [
    ...(route.public ? [] : route.claimsToHeaders.keys()),
    ...route.requestHeaders.set.keys(),
  ]);
  return new Set(names.map(name => name.toLowerCase()));
}

export class AnswerFields {
  readonly #route: Route;
  /** Names that no client may set here, unless the answer sets them. */
  readonly #removed: SetNames;
  readonly #folded: ReadonlySet<string>;
  /** Of these names: folding keeps the length, so that most fields of a client need no folding. */
  readonly #lengths: ReadonlySet<number>;
  readonly #set: HeaderList;

  /** @param setNames `listSetNames` of every route. */
  constructor(route: Route, setNames: SetNames) {
    this.#route = route;
    const removed = [...route.requestHeaders.remove].map(name => name.toLowerCase());
    const token = route.upstreamToken === 'forward' ? [] : [AUTHORIZATION];
    this.#removed = new Set([...token, ...setNames, ...removed]);
    this.#folded = new Set([...this.#removed].map(foldFieldName));
    this.#lengths = new Set([...this.#removed].map(name => name.length));
    this.#set = [...route.requestHeaders.set].flat();
  }

  /**
   * @param client the fields of the client.
   * @param authorization in the place of the client's Authorization; `undefined`: by the route.
   * @returns identity fields, fields of the configuration, Authorization, and the field that names what is removed.
   */
  allow(form: Form, grant: Grant, client: HeaderList, authorization?: string): HeaderList {
    const fields = [...createIdentityFields(this.#route, grant.identity), ...this.#set];
    const sent = authorization ?? this.#passOn(client);
    if (sent !== undefined) fields.push('Authorization', sent);
    return this.#addRemoval(form, fields, client);
  }

  /** @returns the fields for a request that carries nobody's identity: everything is removed. */
  removeAll(form: Form, client: HeaderList): HeaderList {
    const isNamed = this.#removed.has(AUTHORIZATION);
    return this.#addRemoval(form, [], client, isNamed ? [] : [AUTHORIZATION]);
  }

  /** Several fields as one, as Envoy sends them on; a scheme other than Bearer goes on as well. */
  #passOn(client: HeaderList): string | undefined {
    if (this.#route.upstreamToken !== 'forward') return undefined;
    const sent = valuesOf(client, AUTHORIZATION);
    return sent.length === 0 ? undefined : sent.join(',');
  }

  #addRemoval(form: Form, fields: string[], client: HeaderList, further: readonly string[] = []): HeaderList {
    const set = new Set(fields.flatMap((name, index) => (index % 2 === 0 ? [name.toLowerCase()] : [])));
    const twins = reduceFields(client, addTwin, new Set<string>(), { folded: this.#folded, lengths: this.#lengths });
    const names = new Set([...this.#removed, ...further, ...twins].filter(name => !set.has(name)));
    if (names.size > 0) fields.push(REMOVAL[form], [...names].join(','));
    return fields;
  }
}

interface Known {
  readonly folded: ReadonlySet<string>;
  readonly lengths: ReadonlySet<number>;
}

/** What the client sent under a name that a server may take for one of these (RFC 3875 section 4.1.18: `X_User` is `X-User`). */
function addTwin(twins: Set<string>, name: string, _value: string, known?: Known): Set<string> {
  if (known?.lengths.has(name.length) && known.folded.has(foldFieldName(name))) twins.add(name.toLowerCase());
  return twins;
}
