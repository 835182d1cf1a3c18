/**
 * What is sent: bytes, and how the RFCs read them. In the bytes `{case}` stands for the number of the payload, `{n}` for the
 * number of the request in it, `{token}` for a valid token, and `{fields}` for the fields that every ordinary request has.
 */

/** One request as RFC 9112 reads it: what the server must parse if it is forwarded. */
export interface Reading {
  readonly method: string;
  /** As sent. */
  readonly target: string;
  readonly body: string;
  /** Fields that must arrive unchanged: names and values. */
  readonly keeps: readonly (readonly [string, string])[];
}

export interface Message {
  readonly wire: string;
  readonly reading: Reading;
}

export interface Payload {
  readonly name: string;
  readonly messages: readonly Message[];
  /**
   * How the client continues: `follow` sends an ordinary request behind it, which must be read as one; `wait` sends nothing more;
   * `leave` closes its side at once.
   */
  readonly end: 'follow' | 'wait' | 'leave';
}

export interface PayloadClass {
  readonly name: string;
  readonly payloads: readonly Payload[];
}

export interface RequestOptions {
  readonly method?: string;
  readonly version?: string;
  /** Whole lines in place of `Host: api.test`. */
  readonly host?: readonly string[];
  /** Whole lines after the usual fields. */
  readonly fields?: readonly string[];
  /** As it is on the wire. */
  readonly content?: string;
  /** What `content` holds. */
  readonly body?: string;
  readonly keeps?: Reading['keeps'];
  readonly end?: Payload['end'];
}

export const USUAL = ['X-Case: {case}.{n}', 'Authorization: Bearer {token}'];
const HOST = ['Host: api.test'];

/** Sent behind a payload that leaves its connection open. The number in its query tells it from that of another payload. */
export function follower(number: number): Message {
  return message(`/open/follower?${number}`, { fields: ['Connection: close'] });
}

/** @returns a payload of one request. */
export function single(name: string, target: string, options: RequestOptions = {}): Payload {
  return payload(name, [message(target, options)], options.end);
}

export function payload(name: string, messages: readonly Message[], end?: Payload['end']): Payload {
  const closes = /^Connection:.*close|^\S+ \S+ HTTP\/1\.0\r\n(?![\s\S]*keep-alive)/im;
  const isLast = closes.test(messages.at(-1)?.wire ?? '');
  return { name, messages, end: end ?? (isLast ? 'wait' : 'follow') };
}

export function message(target: string, options: RequestOptions = {}): Message {
  const { method = 'GET', version = '1.1', host = HOST, fields = [], content = '', body = '', keeps = [] } = options;
  const lines = [`${method} ${target} HTTP/${version}`, ...host, ...USUAL, ...fields, '', ''];
  return { wire: lines.join('\r\n') + content, reading: { method, target, body, keeps } };
}

/** @returns a request of exactly these bytes. */
export function raw(wire: string, reading: Partial<Reading> = {}): Message {
  return { wire, reading: { method: 'GET', target: '/api/x', body: '', keeps: [], ...reading } };
}

/** A body with its length. */
export function sized(body: string): Pick<RequestOptions, 'fields' | 'content' | 'body'> {
  return { fields: [`Content-Length: ${body.length}`], content: body, body };
}

/** A body in chunks, as `wire` has them. */
export function chunked(wire: string, body: string): Pick<RequestOptions, 'fields' | 'content' | 'body'> {
  return { fields: ['Transfer-Encoding: chunked'], content: wire, body };
}

/** @returns the bytes of a message. */
export function fill(wire: string, values: { readonly case: number; readonly n: number; readonly token: string }) {
  const fields = [...HOST, ...USUAL].map(line => `${line}\r\n`).join('');
  return wire
    .replaceAll('{fields}', fields)
    .replaceAll('{case}', String(values.case))
    .replaceAll('{n}', String(values.n))
    .replaceAll('{token}', values.token);
}
