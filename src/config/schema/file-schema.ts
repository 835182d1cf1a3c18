/** The keys at the top of the file. */

import { z } from 'zod';
import { OMITTABLE_FIELDS } from '../values/access-log.ts';
import { PROXY, PROXY_FORM, parseProxy } from '../values/address/cidr.ts';
import { HOST_NAME, HOST_NAME_FORM, parseHostName } from '../values/address/host.ts';
import {
  DATA_ADDRESS,
  DATA_ADDRESS_FORM,
  LISTEN_ADDRESS,
  LISTEN_ADDRESS_FORM,
  parseDataAddress,
  parseListenAddress,
} from '../values/address/listen-address.ts';
import { ISSUER } from '../values/address/uri.ts';
import { ADMIN_TOKEN, ADMIN_TOKEN_FORM, hashAdminToken } from '../values/admin-token.ts';
import { INCLUDED, parseIncluded } from '../values/included.ts';
import { ROUTE_KEY, ROUTE_KEY_FORM } from '../values/path/route-key.ts';
import { MOST_WORKERS, parseWorkers, WORKERS, WORKERS_FORM } from '../values/workers.ts';
import { authorizer } from './authorizer-schema.ts';
import { addRejection, key, text, uniqueList } from './building-blocks.ts';
import { issuerSchema } from './issuer-schema.ts';
import { listenerTls } from './listener-schema.ts';
import { revoked, unreadRevoked } from './revoked-schema.ts';
import { routeSchema } from './route-schema.ts';
import { count, duration, numeric, size } from './scalars.ts';

const listenAddress = text(LISTEN_ADDRESS, parseListenAddress, LISTEN_ADDRESS_FORM);
const workers = numeric(WORKERS, parseWorkers, WORKERS_FORM, MOST_WORKERS);

const limits = z.strictObject({
  headers: size.prefault('16KiB').describe('Bytes of a request line and its header fields; a larger head gets 431'),
  connections: count.prefault(20_000).describe('Connections of clients at the same time; further ones are closed'),
});

const timeouts = z.strictObject({
  headers: duration.prefault('30s').describe('For a client to send its header fields'),
  body: duration.prefault('60s').describe('For a client to send, or to read, the next piece of a body'),
  keep_alive: duration
    .prefault('75s')
    .describe('How long an idle connection stays open; longer than the load balancer in front keeps it'),
});

const drain = z.strictObject({
  delay: duration.prefault('1s').describe('From the first 503 of /readyz to the close of the listener'),
  limit: duration.prefault('30s').describe('After the delay, time for requests under way; then they are ended'),
});

const accessLogFields = z.strictObject({
  omit: uniqueList(z.enum(OMITTABLE_FIELDS)).default([]).describe('Fields that no line has'),
});

const noAccessLog = z
  .boolean({ error: 'false' })
  .superRefine((written, context) => {
    if (written) addRejection(context, { what: 'is the default', expected: 'a map with omit, or false' });
  })
  .transform(() => undefined);

const settings = {
  listen: text(DATA_ADDRESS, parseDataAddress, DATA_ADDRESS_FORM)
    .prefault('0.0.0.0:8080')
    .describe('The data listener: host:port, [::]:port, :port or unix:/path'),
  tls: listenerTls
    .optional()
    .describe(
      'HTTPS on the data listener: a certificate, or a list of them, chosen by the name that the client asks for',
    ),
  admin: listenAddress
    .prefault('127.0.0.1:9090')
    .describe('The listener for metrics, health and status page: host:port, [::]:port or :port'),
  admin_token: text(ADMIN_TOKEN, hashAdminToken, ADMIN_TOKEN_FORM)
    .optional()
    .describe(
      'Token that the status page requires, as a Bearer token or as the password of any user; write ${file:…} or ${NAME}',
    ),
  admin_hosts: uniqueList(text(HOST_NAME, parseHostName, HOST_NAME_FORM))
    .default([])
    .describe('Further host names that the admin listener accepts, beside addresses and names without a dot'),
  authorizer: authorizer
    .optional()
    .describe(
      'The listener for other proxies, which ask before they forward by themselves: an address, or a map with listen and peers',
    ),
  limits: limits.prefault({}).describe('Limits for all clients'),
  timeouts: timeouts.prefault({}).describe('Time limits for clients'),
  drain: drain.prefault({}).describe('How the process stops after SIGTERM'),
  workers: workers
    .prefault(1)
    .describe('Number of processes that serve, or auto for one on each core; limits are divided among them'),
  trusted_proxies: uniqueList(text(PROXY, parseProxy, PROXY_FORM))
    .default([])
    .describe(
      'Networks of the proxies in front, or unix: for the peers of a unix socket, whose X-Request-Id, X-Forwarded-* or Forwarded are continued, and whose X-Real-IP and similar fields are kept',
    ),
  access_log: z
    .union([accessLogFields, noAccessLog])
    .prefault({})
    .describe('One line for each request on standard output; false: none'),
};
const include = uniqueList(text(INCLUDED, parseIncluded, /^./)).describe(
  'Files that hold routes and nothing else: names, or patterns with *, ?, […] and **, from the folder of this file',
);
const ISSUERS = 'The trusted authorization servers; the key is the exact iss';
const REVOKED = 'Tokens that are refused at once, on every route: entries, or ${file:PATH} of a YAML or JSON list';
const ROUTES = 'The APIs behind the gateway; the key is [host]/path-prefix';

const routes = z
  .record(
    key(ROUTE_KEY_FORM, ROUTE_KEY),
    routeSchema
      .describe('Where requests are forwarded, and which tokens they need')
      .meta({ anyOf: [{ required: ['resource'] }, { required: ['public'] }] }),
  )
  .describe(ROUTES);

/** The whole file, for the JSON Schema. */
export const configSchema = z
  .strictObject({
    ...settings,
    revoked: revoked.default([]).describe(REVOKED),
    include: include.optional(),
    issuers: z
      .record(key(/^.+$/, ISSUER), issuerSchema.nullable().describe('An authorization server; may be empty'))
      .default({})
      .describe(ISSUERS),
    routes: routes.optional(),
  })
  .meta({ anyOf: [{ required: ['routes'] }, { required: ['include'] }] });

const routeEntries = z.record(z.string(), z.unknown(), { error: 'a map of routes' }).describe(ROUTES);

/** The top level only. Issuers and routes are read one by one, so that an error in one does not hide errors in others. */
export const fileSchema = z.strictObject({
  ...settings,
  revoked: unreadRevoked.default([]).describe(REVOKED),
  include: include.optional(),
  issuers: z.record(z.string(), z.unknown()).default({}).describe(ISSUERS),
  routes: routeEntries.optional(),
});

/** As `fileSchema`, of a file that is included. */
export const includedFileSchema = z.strictObject({ routes: routeEntries });

export type FileSettings = z.output<typeof fileSchema>;
