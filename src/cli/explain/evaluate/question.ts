/** What is asked: a URL, a method and a time → the request head that the gateway would see. */

import { METHODS } from 'node:http';
import type { ListenAddress } from '../../../config/config.ts';
import { accept, type ParsedValue, reject } from '../../../config/values/parsed-value.ts';
import type { IncomingHead } from '../../../route/request-head.ts';

export interface Question {
  /** As in the URL; audgate itself listens without TLS. */
  readonly scheme: 'http' | 'https';
  readonly method: string;
  /** Path and query, byte for byte, one character a byte (Latin-1): no client of ours has tidied it. */
  readonly target: string;
  readonly authority: string;
  /** Whether the URL named no host. */
  readonly isAuthorityAssumed: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isNow: boolean;
}

const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/is;
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

type Location = Pick<Question, 'scheme' | 'authority' | 'target'>;

/** @returns scheme, authority and target of `url`; `new URL` would resolve the dot segments that are to be explained. */
export function parseUrl(url: string, listen: ListenAddress): ParsedValue<Location> {
  if (/[\x00-\x20\x7f]/.test(url)) return reject('has white space or a control character, which no client can send');
  const [, scheme, authority, rest = ''] = ABSOLUTE.exec(url) ?? [];
  if (authority?.includes('@')) return reject('has user information; a token is given by --token-file');
  if (authority === undefined && !url.startsWith('/')) {
    return reject('is not a URL', { expected: 'https://HOST/PATH, or /PATH alone' });
  }
  if (authority === undefined) {
    return accept({ scheme: 'http', authority: assumeAuthority(listen), target: toBytes(url) });
  }
  const target = toBytes(rest.startsWith('/') ? rest : `/${rest}`);
  return accept({ scheme: scheme?.toLowerCase() === 'https' ? 'https' : 'http', authority, target });
}

/** @returns `text`; refuses what node:http refuses, and CONNECT, which has no path. */
export function parseMethod(text: string): ParsedValue<string> {
  if (METHODS.includes(text) && text !== 'CONNECT') return accept(text);
  return reject('is not a method that can be routed', { expected: 'a method of HTTP in upper case, such as GET' });
}

/** @returns milliseconds since 1970; refuses a day or hour that no calendar has. */
export function parseInstant(text: string): ParsedValue<number> {
  const time = RFC3339.test(text) && isOnCalendar(text) ? Date.parse(text.replace(' ', 'T').toUpperCase()) : Number.NaN;
  return Number.isNaN(time) ? reject('is not a time', { expected: 'RFC 3339, as 2026-01-31T12:00:00Z' }) : accept(time);
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isOnCalendar(text: string): boolean {
  const [date, time] = [text.slice(0, 10), text.slice(11, 19)];
  const parsed = new Date(`${date}T${time}Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(`${date}T${time}`);
}

/** @returns the head that node:http would hand to the gateway, with a field Authorization of each value. */
export function toIncomingHead(question: Question, authorization: readonly string[]): IncomingHead {
  const credentials = authorization.flatMap(value => ['Authorization', value]);
  return {
    method: question.method,
    url: question.target,
    httpVersion: '1.1',
    rawHeaders: ['Host', question.authority, ...credentials],
  };
}

/** A listener on every interface has no name of its own. */
function assumeAuthority({ host, port }: ListenAddress): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** @returns the URL as it may be shown: a query or a fragment can hold secrets. */
export function nameUrl({ scheme, authority, target }: Question): string {
  return `${scheme}://${authority}${target.replace(/([?#]).*$/s, '$1…')}`;
}
