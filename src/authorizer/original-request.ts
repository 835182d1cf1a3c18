/**
 * The request that another proxy asks about, read from exactly the fields of its form, and from nothing else. Pure: what comes out
 * passes the same checks as a request to the data listener, and where there is a doubt nothing comes out.
 */

import { METHODS } from 'node:http';
import { type Denial, deny } from '../denial.ts';
import { type HeaderList, isName, reduceFields, valuesOf } from '../http/header-list.ts';
import type { RequestHead } from '../http/message.ts';

/** How a proxy asks: as Envoy does, as Traefik and Caddy do, or as nginx does. */
export type Form = 'envoy' | 'forwarded' | 'original';

export interface OriginalRequest {
  readonly ok: true;
  /** As the client sent it to the proxy; without what only concerns the question's own connection. */
  readonly head: RequestHead;
  /** Whether the body of the question is all that the client sent. */
  readonly hasWholeBody: boolean;
}

const ENVOY_PREFIX = '/envoy';
/** Those that the data listener reads, too, in upper case. CONNECT would open a tunnel. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS.filter(method => method !== 'CONNECT'));
/** As in a request line (RFC 9112 section 3.2): visible ASCII, in origin-form. */
const ORIGIN_FORM = /^\/[\x21-\x7e]*$/;
/** What nginx makes of `$scheme://$host$request_uri`: a path is always there. A colon before it would be a port without digits. */
const ABSOLUTE_URL = /^https?:\/\/([^/?#]*[^/?#:])(\/[\x21-\x7e]*)$/i;
const NOTHING_MORE: HeaderList = [];

/**
 * A form is recognised by the bytes of the target: what other servers make of dot segments and encodings does not count.
 *
 * @param target of the question, as sent.
 * @returns `undefined` where it is no question. A query behind `/forwarded` and `/original` is ignored.
 */
export function findForm(target: string): Form | undefined {
  if (target.startsWith(ENVOY_PREFIX)) {
    return /^(?:[/?]|$)/.test(target.slice(ENVOY_PREFIX.length)) ? 'envoy' : undefined;
  }
  if (/^\/forwarded(?:\?|$)/.test(target)) return 'forwarded';
  return /^\/original(?:\?|$)/.test(target) ? 'original' : undefined;
}

/**
 * @param question as parsed. Of its own fields Expect, Upgrade and Connection mean nothing here, and on `/forwarded` and `/original`
 *   neither does its method.
 * @returns the original request; `malformed_request` where a field of the form is missing, empty or there twice, where a method is
 *   unknown or a path is none, where two fields contradict each other, and where the question itself has not exactly one Host.
 */
export function readOriginalRequest(form: Form, question: RequestHead): OriginalRequest | Denial<'malformed_request'> {
  const hosts = valuesOf(question.fields, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && question.version === '1.1')) return deny('malformed_request');
  const place = READERS[form](question);
  if (!place || !KNOWN_METHODS.has(place.method) || !isTarget(place)) return deny('malformed_request');
  const { method, target, host } = place;
  const body = form === 'original' ? 'none' : question.body;
  return {
    ok: true,
    head: {
      ...{ method, target, version: '1.1', body, expects: 'nothing', protocol: undefined },
      fields: ['Host', host, ...reduceFields(question.fields, addOther, [] as string[])],
    },
    hasWholeBody: body !== 'none' && body !== 0 && !isPartial(form, question.fields),
  };
}

/** Method, target and Host of the original request, each as it stands in its field. */
interface Place {
  readonly method: string;
  readonly target: string;
  readonly host: string;
}

const READERS: Readonly<Record<Form, (question: RequestHead) => Place | undefined>> = {
  envoy: ({ method, target, fields }) => placeOf(method, target.slice(ENVOY_PREFIX.length), readOnly(fields, 'host')),
  forwarded: ({ fields }) =>
    placeOf(
      readOnly(fields, 'x-forwarded-method'),
      readOnly(fields, 'x-forwarded-uri'),
      readOnly(fields, 'x-forwarded-host'),
    ),
  original: ({ fields }) => readOriginalFields(fields),
};

/** `X-Original-URL` alone is enough; where one of the other two is there as well, it must say the same. */
function readOriginalFields(fields: HeaderList): Place | undefined {
  const [url, uri, host] = ['x-original-url', 'x-original-uri', 'x-original-host'].map(name => readField(fields, name));
  if (url === INVALID || uri === INVALID || host === INVALID) return undefined;
  const method = readOnly(fields, 'x-original-method');
  if (url === undefined) return placeOf(method, uri, host);
  const [, named, target] = ABSOLUTE_URL.exec(url) ?? [];
  if ((uri !== undefined && uri !== target) || (host !== undefined && host !== named)) return undefined;
  return placeOf(method, target, named);
}

function placeOf(method: string | undefined, target: string | undefined, host: string | undefined) {
  return method === undefined || target === undefined || host === undefined ? undefined : { method, target, host };
}

/** `*` is what OPTIONS may ask for (RFC 9112 section 3.2.4). An absolute URI would name a second host. */
function isTarget({ method, target }: Place): boolean {
  return ORIGIN_FORM.test(target) || (target === '*' && method === 'OPTIONS');
}

/** Stands for a field that is empty, or there twice: a value of a field has no control character. */
const INVALID = '\0';

/** @returns the value of the only field of that name; `undefined` where there is none, `INVALID` where it is empty or there twice. */
function readField(fields: HeaderList, name: string): string | undefined {
  const [value, ...others] = valuesOf(fields, name);
  return value === '' || others.length > 0 ? INVALID : value;
}

function readOnly(fields: HeaderList, name: string): string | undefined {
  const value = readField(fields, name);
  return value === INVALID ? undefined : value;
}

/** The question's own Host is audgate's, or, in Envoy's form, stands before the others already. */
function addOther(kept: string[], name: string, value: string): string[] {
  if (!isName(name, 'host')) kept.push(name, value);
  return kept;
}

/** Envoy says so where the body is longer than its `max_request_bytes`. */
function isPartial(form: Form, fields: HeaderList): boolean {
  const said = form === 'envoy' ? valuesOf(fields, 'x-envoy-auth-partial-body') : NOTHING_MORE;
  return said.some(value => value.toLowerCase() !== 'false');
}
