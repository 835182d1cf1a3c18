/**
 * Which web pages may read the responses of a route: the CORS protocol (Fetch section 3.3), by the configuration alone. What is
 * compared is what the browser wrote; another client can send any Origin, and gains nothing by it.
 */

import type { LocalReply } from '../challenge/refusal.ts';
import type { Cors } from '../config/cors-config.ts';
import { type HeaderList, valuesOf } from '../http/header-list.ts';

/** Where every method is allowed, browsers are told these: with credentials they take `*` for a name. */
const USUAL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** A method as browsers send it, and no longer than the longest that is registered with HTTP. */
const METHOD = /^[A-Za-z-]{1,32}$/;

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** What is sent for each request of a route, made for the first of them. */
interface CorsTexts {
  readonly methods: string;
  readonly headers: string;
  readonly expose: string;
  readonly maxAge: string;
}

const texts = new WeakMap<Cors, CorsTexts>();

/**
 * @param fields of the request.
 * @returns the fields that every response of the route gets, a refusal too: `Vary: Origin`, and where the request has exactly one
 *   Origin and this one is allowed, what lets its page read the response.
 */
export function createCorsFields(cors: Cors, fields: HeaderList): HeaderList {
  const origin = readAllowedOrigin(cors, fields);
  if (origin === undefined) return ['Vary', 'Origin'];
  return [
    ...['Vary', 'Origin', 'Access-Control-Allow-Origin', origin],
    ...(cors.credentials ? ['Access-Control-Allow-Credentials', 'true'] : []),
    ...['Access-Control-Expose-Headers', textsOf(cors).expose],
  ];
}

/** @returns whether a browser asks before it sends a request of a page. It has no token, and names none in a field. */
export function isPreflight(method: string, fields: HeaderList): boolean {
  if (method !== 'OPTIONS') return false;
  return valuesOf(fields, 'origin').length > 0 && valuesOf(fields, 'access-control-request-method').length > 0;
}

/**
 * @param fields of the preflight.
 * @returns the reply: 204, and for an allowed origin what its pages may send; the browser compares. It is to get the fields of
 *   `createCorsFields`, too.
 */
export function createPreflightReply(cors: Cors, fields: HeaderList): LocalReply {
  if (readAllowedOrigin(cors, fields) === undefined) return { status: 204, headers: [], body: '' };
  const { methods, headers, maxAge } = textsOf(cors);
  const allowed = [
    ...['Access-Control-Allow-Methods', methods + nameFurtherMethod(cors, fields)],
    ...['Access-Control-Allow-Headers', headers + nameFurtherFields(cors, fields)],
    ...['Access-Control-Max-Age', maxAge],
  ];
  return { status: 204, headers: allowed, body: '' };
}

/** @returns what stands for the origin of the request in the response; `undefined` where it is not allowed, or two are named. */
function readAllowedOrigin({ origins }: Cors, fields: HeaderList): string | undefined {
  const [origin, ...others] = valuesOf(fields, 'origin');
  if (origin === undefined || others.length > 0) return undefined;
  if (origins.has('*')) return '*';
  return origins.has(origin) ? origin : undefined;
}

function textsOf(cors: Cors): CorsTexts {
  const known = texts.get(cors);
  if (known) return known;
  const { methods, headers, expose, maxAge } = cors;
  const made = {
    methods: (allowsEveryMethod(cors) ? USUAL_METHODS : methods).join(', '),
    headers: headers.join(', '),
    expose: expose.join(', '),
    maxAge: String(maxAge),
  };
  texts.set(cors, made);
  return made;
}

function allowsEveryMethod({ methods }: Cors): boolean {
  return methods.includes('*');
}

/** The requested fields whose names begin as the route allows. They are the page's, and so is the number of them. */
function nameFurtherFields({ headerPrefix }: Cors, fields: HeaderList): string {
  if (headerPrefix === undefined) return '';
  const requested = valuesOf(fields, 'access-control-request-headers').flatMap(value => value.split(','));
  const names = requested.map(name => name.trim().toLowerCase());
  return names
    .filter(name => name.startsWith(headerPrefix) && FIELD_NAME.test(name))
    .map(name => `, ${name}`)
    .join('');
}

/** Where every method is allowed: the requested one, if it is none of the usual ones. */
function nameFurtherMethod(cors: Cors, fields: HeaderList): string {
  const [requested = ''] = valuesOf(fields, 'access-control-request-method');
  const isNamed = !allowsEveryMethod(cors) || USUAL_METHODS.includes(requested) || !METHOD.test(requested);
  return isNamed ? '' : `, ${requested}`;
}
