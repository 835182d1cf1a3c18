/**
 * The only door to what is fetched from issuers over HTTP: metadata, key sets, introspection. It trusts the authorities of
 * `ca_file`, goes through the proxy of the environment, and bounds time and size. It follows no redirect: whoever can
 * write a Location would choose where keys come from.
 */

import { type Dispatcher, fetch } from 'undici';
import type { ForwardProxy } from '../../config/forward-proxy.ts';
import { readText } from '../../config/source/file.ts';
import { chooseProxy, createDispatcher, type TlsOptions } from './dispatcher.ts';
import { describeFetchFailure, describeTimeout } from './fetch-failure.ts';

export interface IssuerClientSettings {
  /** Milliseconds from the call to the last byte of one answer. */
  readonly timeout: number;
  /** PEM; it replaces the authorities of Node.js. `undefined`: those of Node.js, with NODE_EXTRA_CA_CERTS. */
  readonly caFile: string | undefined;
  /** The proxy of the environment; `undefined` for none. */
  readonly proxy: ForwardProxy | undefined;
  /** PEM files for TLS client authentication (RFC 8705 section 2). */
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Bytes of an answer; by default 1 MiB. */
  readonly largestAnswer?: number | undefined;
}

export interface IssuerRequest {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | URLSearchParams | Uint8Array | null | undefined;
  /** Ends the request before its time-out. */
  readonly signal?: AbortSignal | undefined;
}

/** There is no answer, or it is too large. The message says why, in words for operators: it has neither a URL nor text of the peer. */
export class IssuerFetchError extends Error {}

const LARGEST_ANSWER = 1024 * 1024;
/** Milliseconds after which the files are read again. */
const FILES_FRESH = 10_000;
/** Statuses of responses that have no body (Fetch standard, "null body status"). */
const WITHOUT_BODY = [204, 205, 304];

/** What one exchange is done by. */
interface Exchange {
  readonly signal: AbortSignal;
  readonly dispatcher: Dispatcher;
}

interface Connections {
  readonly tls: string;
  /** By proxy; `undefined` for none. */
  readonly dispatchers: Map<string | undefined, Dispatcher>;
}

export class IssuerClient {
  readonly #settings: IssuerClientSettings;
  #tls: { readonly options: TlsOptions; readonly readAt: number } | undefined;
  #connections: Connections | undefined;

  constructor(settings: IssuerClientSettings) {
    this.#settings = settings;
  }

  /**
   * Fetches one document. Usable as `customFetch` of oauth4webapi.
   *
   * @param url absolute, http or https.
   * @returns the whole response: its body, at most `largestAnswer`, has been read. Any status, also that of a redirect.
   * @throws IssuerFetchError where there is no response in time, TLS fails, or the body is larger.
   */
  readonly fetch = async (url: string, request: IssuerRequest = {}): Promise<Response> => {
    const proxy = chooseProxy(url, this.#settings.proxy);
    // Not AbortSignal.any over AbortSignal.timeout: without another reference it may be collected before it fires (Node.js 20).
    const aborting = new AbortController();
    const abort = () => aborting.abort();
    const timer = setTimeout(abort, this.#settings.timeout);
    request.signal?.addEventListener('abort', abort, { once: true });
    if (request.signal?.aborted) abort();
    try {
      return await this.#exchange(url, request, { signal: aborting.signal, dispatcher: this.#dispatcherFor(proxy) });
    } catch (error) {
      throw error instanceof IssuerFetchError ? error : this.#describe(error, aborting.signal, proxy);
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', abort);
    }
  };

  /** Closes every connection, also those in use. */
  close(): void {
    for (const dispatcher of this.#connections?.dispatchers.values() ?? []) dispatcher.destroy().catch(() => undefined);
    this.#connections = undefined;
  }

  async #exchange(url: string, { method, headers, body }: IssuerRequest, by: Exchange): Promise<Response> {
    const response = await fetch(url, {
      method: method ?? 'GET',
      headers: { ...headers },
      body: body ?? null,
      redirect: 'manual',
      ...by,
    });
    const content = await readBounded(response.body?.getReader(), by.signal, this.#settings.largestAnswer);
    const { status } = response;
    if (status < 200 || status > 599) throw new IssuerFetchError(`the answer has status ${status}`);
    return new Response(WITHOUT_BODY.includes(status) ? null : content, { status, headers: [...response.headers] });
  }

  /** @param proxy its name and password are not shown. */
  #describe(error: unknown, signal: AbortSignal, proxy: string | undefined): IssuerFetchError {
    const cause = error instanceof Error ? error.cause : undefined;
    const isLate = signal.aborted || (cause instanceof Error && 'code' in cause && cause.code === CONNECT_TIMEOUT);
    const message = isLate ? describeTimeout(this.#settings.timeout) : describeFetchFailure(error);
    return new IssuerFetchError(
      `${message}${proxy === undefined ? '' : `; asked through the proxy ${new URL(proxy).origin}`}`,
    );
  }

  /** Connections are kept for later requests, until one of the files has changed. */
  #dispatcherFor(proxy: string | undefined): Dispatcher {
    const tls = this.#readTls();
    const id = JSON.stringify(tls);
    if (this.#connections?.tls !== id) {
      for (const old of this.#connections?.dispatchers.values() ?? []) old.close().catch(() => undefined);
      this.#connections = { tls: id, dispatchers: new Map() };
    }
    const known = this.#connections.dispatchers.get(proxy);
    const dispatcher = known ?? createDispatcher(this.#settings.timeout, tls, proxy);
    this.#connections.dispatchers.set(proxy, dispatcher);
    return dispatcher;
  }

  #readTls(): TlsOptions {
    const now = performance.now();
    if (this.#tls && now - this.#tls.readAt < FILES_FRESH) return this.#tls.options;
    const { caFile, clientCertificate } = this.#settings;
    const options = {
      ...(caFile !== undefined && { ca: readPem(caFile, 'ca_file') }),
      ...(clientCertificate && {
        cert: readPem(clientCertificate.certFile, 'cert_file'),
        key: readPem(clientCertificate.keyFile, 'key_file'),
      }),
    };
    this.#tls = { options, readAt: now };
    return options;
  }
}

const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';

function readPem(file: string, key: string): string {
  const text = readText(file);
  if (text.ok) return text.value;
  throw new IssuerFetchError(`the file of ${key} ${text.rejection.what}`);
}

type BodyReader = { read(): Promise<{ value?: Uint8Array | undefined }>; cancel(): Promise<void> };

/** Cancels the body itself: in Node.js 20 the signal given to `fetch` may not reach the body once the head has arrived. */
async function readBounded(
  reader: BodyReader | undefined,
  signal: AbortSignal,
  largest = LARGEST_ANSWER,
): Promise<Uint8Array<ArrayBuffer>> {
  const cancel = () => reader?.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      size += piece.value.byteLength;
      if (size > largest) {
        throw new IssuerFetchError(
          `the answer is larger than ${largest === LARGEST_ANSWER ? '1 MiB' : `${largest / 1024} KiB`}`,
        );
      }
      pieces.push(piece.value);
    }
    signal.throwIfAborted();
  } catch (error) {
    await cancel();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  return Buffer.concat(pieces);
}
