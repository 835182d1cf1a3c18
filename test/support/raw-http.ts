/** An HTTP/1.1 client (RFC 9112) on a TCP socket: it sends exactly the given bytes, and returns what comes back. */

import { connect } from 'node:net';

export type HeaderPair = readonly [name: string, value: string];

export interface RawResponse {
  readonly status: number;
  readonly reason: string;
  /** In the order and spelling of the wire. */
  readonly headers: readonly HeaderPair[];
  /** Without the chunked framing. */
  readonly body: Buffer;
  /** The fields after a chunked body. */
  readonly trailers: readonly HeaderPair[];
  /** False where the bytes end before the response does; a body that the close of the connection ends is complete. */
  readonly complete: boolean;
}

export interface SendOptions {
  /** Stops once this many whole responses are there, interim ones (1xx) included. Absent: reads until the peer closes. */
  readonly responses?: number;
  /** Stops once this returns true for all bytes so far. */
  readonly until?: (received: Buffer) => boolean;
  /** The methods that were sent, in order: the response to HEAD has no body. */
  readonly methods?: readonly string[];
  /** Milliseconds for all of it; default 5000. */
  readonly timeout?: number;
  readonly host?: string;
}

export interface RawRequest {
  /** Default GET. */
  readonly method?: string;
  /** The request target, sent as it is. */
  readonly path: string;
  readonly headers?: readonly HeaderPair[];
  readonly body?: Buffer | string;
}

/**
 * Sends `bytes` (a string is Latin-1). @returns what came back. A reset by the peer counts as its close.
 * @throws after the timeout, with the start of what had come.
 */
export function sendRaw(port: number, bytes: Buffer | string, options: SendOptions = {}): Promise<Buffer> {
  const { timeout = 5000, host = '127.0.0.1' } = options;
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    const socket = connect(port, host, () => socket.write(latin1(bytes)));
    const timer = setTimeout(() => {
      const start = JSON.stringify(received.toString('latin1', 0, 200));
      reject(new Error(`no end after ${timeout} ms; ${received.length} bytes had come: ${start}`));
      socket.destroy();
    }, timeout);
    socket.on('data', piece => {
      received = Buffer.concat([received, piece]);
      if (isEnough(received, options)) socket.destroy();
    });
    socket.on('error', error => {
      if (!isClosing(error)) reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
  });
}

/**
 * Sends `bytes` (Latin-1), ends its side once a whole response with a status from `finalStatus` has come, as clients do (after a
 * refusal the gateway waits for that), and reads to the end, for at most three seconds without a byte.
 */
export function sendThenEnd(
  port: number,
  bytes: string,
  { methods = [], finalStatus = 200 }: { readonly methods?: readonly string[]; readonly finalStatus?: number } = {},
): Promise<Buffer> {
  return new Promise(resolve => {
    let received = Buffer.alloc(0);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('data', piece => {
      received = Buffer.concat([received, piece]);
      const responses = parseResponses(received, { methods, open: true });
      if (responses.some(({ status, complete }) => status >= finalStatus && complete)) socket.end();
    });
    socket.on('error', () => socket.destroy());
    socket.setTimeout(3000, () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(received));
    socket.write(bytes, 'latin1');
  });
}

/**
 * Sends one request and gives its final response (interim ones are dropped). Adds `Host`, `Connection: close` and, for a
 * body, `Content-Length` only where `headers` has no such field (or `Transfer-Encoding`, for the last); changes nothing.
 */
export async function request(
  port: number,
  raw: RawRequest,
  options: Omit<SendOptions, 'methods'> = {},
): Promise<RawResponse> {
  const method = raw.method ?? 'GET';
  const methods = [method];
  const isFinal = ({ status }: RawResponse) => status >= 200 || status === 101;
  const until = (received: Buffer) =>
    parseResponses(received, { methods, open: true }).some(
      each => isFinal(each) && (each.complete || each.status === 101),
    );
  const received = await sendRaw(port, formatRequest(port, raw), { until, ...options, methods });
  const final = parseResponses(received, { methods }).find(isFinal);
  if (final === undefined) throw new Error(`no response in ${received.length} bytes`);
  return final;
}

/** The bytes of `raw`, with the fields that `request` adds. */
export function formatRequest(port: number, { method = 'GET', path, headers = [], body }: RawRequest): Buffer {
  const fields = [...headers];
  const addUnlessGiven = (name: string, value: string, ...others: string[]) => {
    if ([name, ...others].every(each => headerValues(headers, each).length === 0)) fields.push([name, value]);
  };
  const content = latin1(body ?? '');
  addUnlessGiven('Host', `127.0.0.1:${port}`);
  addUnlessGiven('Connection', 'close');
  if (body !== undefined) addUnlessGiven('Content-Length', String(content.length), 'Transfer-Encoding');
  const lines = [`${method} ${path} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.concat([latin1(lines.join('\r\n')), content]);
}

/** The field that presents an access token (RFC 6750 section 2.1). */
export function bearer(token: string): HeaderPair {
  return ['Authorization', `Bearer ${token}`];
}

/** A whole chunked body (RFC 9112 section 7.1) without trailers. */
export function formatChunks(...pieces: readonly string[]): string {
  return `${pieces.map(piece => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
}

/** Every value of the field `name`, whatever its spelling. */
export function headerValues(headers: readonly HeaderPair[], name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/**
 * Splits pipelined responses. `methods` are those of the requests, in order; `open` says that more bytes may follow.
 * What comes after a 101 is its body. Bytes that are no response make the last entry, with status 0.
 */
export function parseResponses(
  bytes: Buffer,
  { methods = [], open = false }: { readonly methods?: readonly string[]; readonly open?: boolean } = {},
): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = bytes;
  let answered = 0;
  while (rest.length > 0) {
    const head = parseHead(rest);
    if (head === undefined) return [...responses, { ...NO_RESPONSE, body: rest }];
    const { body, trailers, end, complete } = readContent(rest.subarray(head.end), head, methods[answered], open);
    responses.push({ status: head.status, reason: head.reason, headers: head.headers, body, trailers, complete });
    if (head.status >= 200) answered += 1;
    rest = rest.subarray(head.end + end);
  }
  return responses;
}

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderPair[];
  /** Where the body starts. */
  readonly end: number;
}

interface Content {
  readonly body: Buffer;
  readonly trailers: readonly HeaderPair[];
  /** Where the next response starts. */
  readonly end: number;
  readonly complete: boolean;
}

const NO_RESPONSE = { status: 0, reason: '', headers: [], trailers: [], complete: false } as const;
const EMPTY = Buffer.alloc(0);

function parseHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const parts = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine);
  if (parts === null) return undefined;
  return { status: Number(parts[1]), reason: parts[2] ?? '', headers: fields.map(parseField), end: end + 4 };
}

function parseField(line: string): HeaderPair {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** RFC 9112 section 6.3. */
function readContent(bytes: Buffer, head: Head, method: string | undefined, open: boolean): Content {
  if (head.status !== 101 && hasNoBody(head.status, method)) {
    return { body: EMPTY, trailers: [], end: 0, complete: true };
  }
  if (head.status !== 101) {
    if (headerValues(head.headers, 'transfer-encoding').some(value => /chunked\s*$/i.test(value))) {
      return readChunks(bytes);
    }
    const [length] = headerValues(head.headers, 'content-length');
    if (length !== undefined) return readLength(bytes, Number(length));
  }
  return { body: bytes, trailers: [], end: bytes.length, complete: !open };
}

function hasNoBody(status: number, method: string | undefined): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

function readLength(bytes: Buffer, length: number): Content {
  const body = bytes.subarray(0, length);
  return { body, trailers: [], end: body.length, complete: body.length === length };
}

/** RFC 9112 section 7.1. */
function readChunks(bytes: Buffer): Content {
  const pieces: Buffer[] = [];
  const truncated = () => ({ body: Buffer.concat(pieces), trailers: [], end: bytes.length, complete: false });
  for (let position = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', position);
    if (lineEnd < 0) return truncated();
    const size = Number.parseInt(bytes.toString('latin1', position, lineEnd), 16);
    if (!(size >= 0)) return truncated();
    if (size === 0) return readTrailers(bytes, lineEnd, Buffer.concat(pieces));
    const start = lineEnd + 2;
    pieces.push(bytes.subarray(start, start + size));
    position = start + size + 2;
    if (position > bytes.length) return truncated();
  }
}

/** From the line end of the last chunk: fields up to an empty line. */
function readTrailers(bytes: Buffer, lineEnd: number, body: Buffer): Content {
  const end = bytes.indexOf('\r\n\r\n', lineEnd);
  if (end < 0) return { body, trailers: [], end: bytes.length, complete: false };
  const fields = bytes.toString('latin1', lineEnd, end).split('\r\n').slice(1);
  return { body, trailers: fields.map(parseField), end: end + 4, complete: true };
}

function isEnough(received: Buffer, { responses, until, methods }: SendOptions): boolean {
  if (until?.(received)) return true;
  if (responses === undefined) return false;
  const parsed = parseResponses(received, { open: true, ...(methods && { methods }) });
  return parsed.filter(response => response.complete).length >= responses;
}

function isClosing(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

function latin1(bytes: Buffer | string): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}
