/** `upstream` of a route: a URL, or a map with a URL and how connections to it are opened. */

import { isIP } from 'node:net';
import { z } from 'zod';
import { parseHostName } from '../values/address/host.ts';
import { parseUpstream, UPSTREAM, URI_FORM } from '../values/address/uri.ts';
import { accept, reject } from '../values/parsed-value.ts';
import { parseSize, SIZE, SIZE_FORM } from '../values/size.ts';
import { addRejection, text } from './building-blocks.ts';
import { duration, flag, nonEmpty } from './scalars.ts';

const url = text(UPSTREAM, parseUpstream, URI_FORM);

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

const upstreamMap = z.strictObject({
  url: url.describe('The URL to which requests are forwarded; its path is put before that of the request'),
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
});

export type UpstreamSettings = z.output<typeof upstreamMap>;

const DEFAULTS: Omit<UpstreamSettings, 'url'> = {
  preserve_host: false,
  keep_alive: { idle: IDLE, maxAge: 600_000 },
  max_response_headers: 16 * 1024,
  lenient: false,
};

/** The URL alone is a map without other keys. */
export const upstream = z.union([
  url.transform((parsed): UpstreamSettings => ({ ...DEFAULTS, url: parsed })),
  upstreamMap,
]);
