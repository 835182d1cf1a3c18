/** `upstream` of a route: a URL, a list of URLs, or a map with one of both and how connections are opened. */

import { isIP } from 'node:net';
import { z } from 'zod';
import { isRawMap } from '../source/raw-map.ts';
import type { Endpoint } from '../upstream-config.ts';
import { ENDPOINT, ENDPOINT_FORM, parseEndpoint } from '../values/address/endpoint.ts';
import { parseHostName } from '../values/address/host.ts';
import { accept, reject } from '../values/parsed-value.ts';
import { parseSize, SIZE, SIZE_FORM } from '../values/size.ts';
import { addRejection, list, text } from './building-blocks.ts';
import { duration, flag, nonEmpty } from './scalars.ts';

const url = text(ENDPOINT, parseEndpoint, ENDPOINT_FORM);

/** By turns to servers with and without TLS, a token would be readable now and then, and `tls` would be for some. */
const urls = list(url)
  .meta({ uniqueItems: true })
  .superRefine((endpoints, context) => {
    const seen = new Set<string>();
    for (const [index, { label, basePath, origin }] of endpoints.entries()) {
      const name = label + basePath;
      if (seen.has(name)) addRejection(context, { what: 'stands in the list already' }, [index]);
      seen.add(name);
      if (schemeOf(origin) === schemeOf(endpoints[0]?.origin)) continue;
      const expected = 'http:// and unix:, or https:// only';
      addRejection(context, { what: 'has another scheme than the first', expected }, [index]);
    }
  });

function schemeOf(origin = ''): string {
  return origin.slice(0, origin.indexOf(':'));
}

const SERVER_NAME = 'a host name or an IP address, without a port, such as billing.internal';
const serverName = text(
  SERVER_NAME,
  written => (isIP(written) ? accept(written) : parseHostName(written)),
  /^[A-Za-z0-9_:.-]+$/,
);

const LARGEST_HEAD = 1024 * 1024;
const headSize = text(
  SIZE,
  written => {
    const bytes = parseSize(written);
    return bytes.ok && bytes.value > LARGEST_HEAD ? reject('is too large', { expected: 'at most 1MiB' }) : bytes;
  },
  SIZE_FORM,
);

export const upstreamTls = z.strictObject({
  ca_file: nonEmpty.optional().describe('PEM file of the authorities that are trusted, instead of the usual ones'),
  cert_file: nonEmpty.optional().describe('PEM file with the certificate of the gateway, its chain behind it'),
  key_file: nonEmpty.optional().describe('PEM file with the private key of that certificate'),
  server_name: serverName
    .optional()
    .describe('The name that is sent (SNI) and that the certificate must have; default: the host of the URL'),
});

/** Milliseconds. */
const IDLE = 60_000;

const keepAliveTimes = z
  .strictObject({
    idle: duration
      .optional()
      .describe('How long a connection is kept without a request; at most max_age')
      .meta({ default: '60s' }),
    max_age: duration.prefault('10m').describe('How old a connection becomes before it is replaced'),
  })
  .superRefine(({ idle, max_age }, context) => {
    if (idle === undefined || idle <= max_age) return;
    addRejection(context, { what: 'is longer than max_age', expected: 'at most max_age' }, ['idle']);
  })
  .transform(({ idle, max_age }) => ({ idle: idle ?? Math.min(IDLE, max_age), maxAge: max_age }));

const noKeepAlive = z
  .boolean({ error: 'false' })
  .superRefine((written, context) => {
    if (written) addRejection(context, { what: 'is the default', expected: 'a map with idle and max_age, or false' });
  })
  .transform(() => undefined);

const upstreamMap = z
  .strictObject({
    url: url.optional().describe('The URL to which requests are forwarded; its path is put before that of the request'),
    urls: urls.optional().describe('Several URLs of one API, used in turn, in the place of url'),
    preserve_host: flag.default(false).describe('Whether the upstream gets the Host of the client instead of its own'),
    tls: upstreamTls.optional().describe('TLS to an https:// upstream; nothing turns the verification off'),
    keep_alive: z
      .union([keepAliveTimes, noKeepAlive])
      .prefault({})
      .describe('How long connections are used again; false: each request has a connection of its own'),
    max_response_headers: headSize.prefault('16KiB').describe('Bytes of the head of a response; a larger one gets 502'),
    lenient: flag
      .default(false)
      .describe('Whether responses with bare LF, one Content-Length twice, or blanks behind a chunk size are read'),
  })
  .meta({ oneOf: [{ required: ['url'] }, { required: ['urls'] }] })
  .superRefine(checkUrls, { when: ({ value }) => isRawMap(value) });

export type UpstreamSettings = z.output<typeof upstreamMap>;

/** Of a route without the key, too. */
export const UPSTREAM_DEFAULTS: UpstreamSettings = {
  preserve_host: false,
  keep_alive: { idle: IDLE, maxAge: 600_000 },
  max_response_headers: 16 * 1024,
  lenient: false,
};

/** The URL alone, or a list of them, is a map without other keys. */
export const upstream = z.union([
  url.transform((parsed): UpstreamSettings => ({ ...UPSTREAM_DEFAULTS, url: parsed })),
  urls.transform((parsed): UpstreamSettings => ({ ...UPSTREAM_DEFAULTS, urls: parsed })),
  upstreamMap,
]);

/** @returns the servers of an upstream, in the order of the YAML. */
export function listEndpoints({ url, urls = [] }: Pick<UpstreamSettings, 'url' | 'urls'>): readonly Endpoint[] {
  return url === undefined ? urls : [url];
}

/** @param map as far as it is valid: a key with a value that is not has none. */
function checkUrls(map: object, context: z.RefinementCtx): void {
  if ('url' in map && 'urls' in map) {
    addRejection(context, { what: 'does not go with url', expected: 'one of the two' }, ['urls'], true);
  } else if (!('url' in map || 'urls' in map)) {
    context.addIssue({ code: 'invalid_type', expected: 'string', path: ['url'], message: ENDPOINT, input: undefined });
  }
}
