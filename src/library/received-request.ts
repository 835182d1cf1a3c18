/** A request as a framework hands it over → the head that the steps of a decision read. */

import { type HeaderList, isName, valuesOf } from '../http/header-list.ts';
import type { BodyLength, RequestHead } from '../http/message.ts';

/** node:http's or node:http2's IncomingMessage, also as Express and Connect extend it. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express and Connect cut `url` where they mount a handler. */
  readonly originalUrl?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly httpVersion?: string | undefined;
}

/** Request of the Fetch standard. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { forEach(callback: (value: string, name: string) => void): void };
}

const LENGTH = /^\d{1,15}$/;

/**
 * @param body that the caller has read; `undefined`: none, or it was not read.
 * @returns the head, with every duplicate field that is still known; `undefined` for what is neither kind of request.
 */
export function readReceived(
  request: NodeRequest | FetchRequest,
  body: Uint8Array | undefined,
): RequestHead | undefined {
  const received = 'rawHeaders' in request ? readNode(request) : readFetch(request);
  if (!received) return undefined;
  const { fields } = received;
  const [protocol] = valuesOf(fields, 'upgrade');
  return { ...received, body: body?.length ?? readLength(fields), expects: 'nothing', protocol };
}

type Received = Pick<RequestHead, 'method' | 'target' | 'version' | 'fields'>;

function readNode({ method, url, originalUrl, rawHeaders, httpVersion }: NodeRequest): Received | undefined {
  const target = originalUrl ?? url;
  if (typeof method !== 'string' || typeof target !== 'string' || !Array.isArray(rawHeaders)) return undefined;
  const sent: readonly string[] = rawHeaders.map(String);
  // RFC 9113 section 8.3.1: `:authority` stands for Host, which may be there as well and then says the same.
  const [authority] = valuesOf(sent, ':authority');
  const fields = authority === undefined ? [] : ['Host', authority];
  for (let index = 0; index + 1 < sent.length; index += 2) {
    const [name = '', value = ''] = sent.slice(index, index + 2);
    const isRepeated = isName(name, 'host') && value === authority;
    if (!name.startsWith(':') && !isRepeated) fields.push(name, value);
  }
  return { method, target, version: httpVersion === '1.0' ? '1.0' : '1.1', fields };
}

/** Its URL names the host where no Host is there; where one is, both must agree. */
function readFetch({ method, url, headers }: FetchRequest): Received | undefined {
  if (typeof method !== 'string' || typeof url !== 'string' || typeof headers?.forEach !== 'function') return undefined;
  const fields: string[] = [];
  headers.forEach((value, name) => {
    fields.push(name, value);
  });
  return { method, target: url, version: valuesOf(fields, 'host').length === 0 ? '1.0' : '1.1', fields };
}

function readLength(fields: HeaderList): BodyLength {
  if (valuesOf(fields, 'transfer-encoding').length > 0) return 'unknown';
  const [length, ...others] = valuesOf(fields, 'content-length');
  if (length === undefined) return 'none';
  return others.length === 0 && LENGTH.test(length) ? Number(length) : 'unknown';
}
