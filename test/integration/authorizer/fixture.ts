/** Questions to the authorizer, as bytes, in each of its three forms. */

import { type HeaderPair, parseResponses, type RawResponse, sendRaw } from '../../support/raw-http.ts';

export const FORMS = ['envoy', 'forwarded', 'original'] as const;
export type Form = (typeof FORMS)[number];

/** The request of a client that a proxy asks about. */
export interface Original {
  readonly method?: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  readonly host?: string;
  readonly headers?: readonly HeaderPair[];
  readonly body?: string;
}

/** @returns the question about `original`, as the recipe of that proxy asks it. */
export function formatQuestion(form: Form, original: Original): string {
  const { method = 'GET', target, host = 'front.example', headers = [], body } = original;
  const about: Readonly<Record<Form, readonly HeaderPair[]>> = {
    envoy: [['Host', host]],
    forwarded: [
      ...([
        ['Host', 'audgate'],
        ['X-Forwarded-Method', method],
        ['X-Forwarded-Uri', target],
      ] as const),
      ['X-Forwarded-Host', host],
    ],
    original: [
      ...([
        ['Host', 'audgate'],
        ['X-Original-Method', method],
        ['X-Original-URI', target],
      ] as const),
      ['X-Original-Host', host],
    ],
  };
  const line = form === 'envoy' ? `${method} /envoy${target}` : `GET /${form}`;
  const length: HeaderPair[] = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
  return formatHead(line, [...about[form], ...headers, ...length]) + (body ?? '');
}

/** @param line method and target. */
export function formatHead(line: string, fields: readonly HeaderPair[], version = '1.1'): string {
  return [`${line} HTTP/${version}`, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}

/** Sends the bytes of one question, and reads the answer to it. */
export async function ask(port: number, bytes: string, method = 'GET'): Promise<RawResponse> {
  const received = await sendRaw(port, bytes, { responses: 1, methods: [method] });
  const [answer] = parseResponses(received, { methods: [method] });
  if (!answer) throw new Error('no answer');
  return answer;
}

/** @returns the fields of an answer that matter to a proxy, by lower-case name. */
export function fieldsOf({ headers }: RawResponse): Readonly<Record<string, string>> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}
