/**
 * The fields of the access log, in the order in which access-line.ts writes them. The access log reference is generated from
 * this table, and a test holds it equal to the lines that are written. A field that has no value is left out of the line.
 */

import type { AccessLogField } from './access-log-field.ts';
import { TOKEN_FIELDS } from './token-log-fields.ts';

export const ACCESS_LOG_FIELDS: readonly AccessLogField[] = [
  {
    name: 'level',
    type: 'string',
    present: 'always',
    description:
      '`info` for a request that was forwarded, `warn` for one denied or reported, `error` for one that failed.',
    isNeverCut: true,
  },
  {
    name: 'time',
    type: 'timestamp',
    present: 'always',
    description: 'When the line was written, once the response had closed.',
    isNeverCut: true,
  },
  {
    name: 'request_id',
    type: 'string',
    present: 'always',
    description:
      'The `X-Request-Id` that upstream and client get: that of a trusted proxy, else a new UUID. Proxies decide whether theirs is unique.',
    isNeverCut: true,
  },
  {
    name: 'trace_id',
    type: 'string',
    present: 'sent with a valid traceparent',
    description:
      'The trace-id of the `traceparent` (W3C Trace Context), 32 hexadecimal digits. The client chose it. An invalid or doubled `traceparent` is forwarded all the same, and not logged.',
    isNeverCut: true,
  },
  {
    name: 'via',
    type: 'string',
    present: 'always',
    description:
      '`proxy`: the request came to the data listener. `authorizer`: another proxy asked about it ([how](../how-to/front-proxy.md)); then `forwarded` means that it was allowed, and `status` is what the client is to get: 200 for an allowed one.',
    isNeverCut: true,
  },
  {
    name: 'client',
    type: 'string',
    present: 'always',
    description:
      'The address of the client. Behind trusted proxies the last in `X-Forwarded-For` (or `Forwarded`) that is no trusted proxy; where that is no address, that of the connection: `unix:` over a unix socket, `unknown` where it has none. With `via: authorizer` the last entry of `X-Forwarded-For`, where that is an address.',
    isNeverCut: true,
  },
  {
    name: 'route',
    type: 'string',
    present: 'always',
    description: 'The `id` of the route, else its key in the YAML, or `(none)`.',
  },
  {
    name: 'resource',
    type: 'string',
    present: 'on a route that is not public',
    description: 'The `resource` of the route.',
  },
  { name: 'method', type: 'string', present: 'always', description: 'As the client sent it.' },
  {
    name: 'host',
    type: 'string',
    present: 'always',
    description: 'The Host as the client sent it, the first of several; empty where it was missing or not valid.',
  },
  {
    name: 'path',
    type: 'string',
    present: 'always',
    description:
      'The path without the query: as forwarded, or, where it was refused or reported for its path, as sent. `…` stands for what follows `#` or an encoded `?` or `#` in a segment, and for the values of path parameters.',
  },
  {
    name: 'status',
    type: 'integer',
    present: 'always',
    description: 'The status that was sent to the client; 499 where the client left before one was sent.',
  },
  {
    name: 'outcome',
    type: 'string',
    present: 'always',
    description:
      '`forwarded`, `denied` (refused), `reported` (a denial that the mode of the route only reports, or that an exception excuses; the request was forwarded) or `failed` (allowed, without a usable response from the upstream). Of a metadata document and of a preflight that `cors` answered: `forwarded`.',
    isNeverCut: true,
  },
  {
    name: 'reason',
    type: 'string',
    present: 'denied, reported or failed',
    description: 'Why: the code that a refusal has in its body as well.',
    isNeverCut: true,
  },
  {
    name: 'cause',
    type: 'string',
    present: 'failed',
    description: 'What was seen of the upstream. It is never in a response.',
    isNeverCut: true,
  },
  {
    name: 'tls_error',
    type: 'string',
    present: 'failed, and the cause is tls',
    description:
      'What was wrong with TLS to the upstream: `certificate_expired`, `certificate_not_yet_valid`, `certificate_revoked`, `unknown_issuer`, `wrong_name`, `client_certificate_required`, `client_certificate_refused`, `protocol_version`, `not_tls` or `handshake_failed`.',
    isNeverCut: true,
  },
  {
    name: 'error_code',
    type: 'string',
    present: 'failed, and the cause is other',
    description: 'The error of the operating system or of Node.js, such as `EHOSTUNREACH`, where there is one.',
    isNeverCut: true,
  },
  {
    name: 'upstream',
    type: 'string',
    present: 'sent to an upstream',
    description:
      'Host and port of the endpoint that it was sent to, or the path of its unix socket; of the last one where it was sent to several.',
  },
  {
    name: 'enforcement',
    type: 'string',
    present: 'on a route that is not public',
    description: 'The enforcement mode of the route: `report`, `verify` or `enforce`.',
    isNeverCut: true,
  },
  {
    name: 'bytes_in',
    type: 'integer',
    present: 'always',
    description:
      'Bytes of the body of the request that were read and passed on, without chunk sizes. Of a WebSocket what its client sent, frames included.',
    isNeverCut: true,
  },
  {
    name: 'bytes_out',
    type: 'integer',
    present: 'always',
    description:
      'Bytes of the body of the response that were given to the connection, without chunk sizes; a client that left has not read them all. Of a WebSocket what its client was sent.',
    isNeverCut: true,
  },
  {
    name: 'duration_ms',
    type: 'number',
    present: 'always',
    description:
      'Milliseconds from the head of the request to the end of the response. Where the upstream responds before the body of the request has arrived, until the rest of the body is read and dropped, at most 1 s later.',
  },
  {
    name: 'upstream_ms',
    type: 'number',
    present: 'sent to an upstream that responded',
    description: 'Milliseconds from dispatch to the head of the response.',
  },
  {
    name: 'mcp_method',
    type: 'string',
    present: 'the body of an MCP request was read',
    description:
      'Its method; absent for a response. Of a batch that of the first message whose scope the token lacks, else `batch`. Never from a header field.',
  },
  {
    name: 'tool',
    type: 'string',
    present: 'the body of an MCP request was read',
    description:
      'The name of the tool or prompt, or the URI of the resource without its query; absent where the method names none. Of a batch as `mcp_method`.',
  },
  {
    name: 'exception',
    type: 'string',
    present: 'an exception of the route excused something',
    description:
      'Its `client_id`. The request is then `reported`, or `failed` at its upstream; without the exception it would be denied from `enforce` on.',
  },
  ...TOKEN_FIELDS,
  {
    name: 'truncated',
    type: 'boolean',
    present: 'a value was cut',
    description: '`true`. Values are cut at 1,024 characters, and further where several workers write to one pipe.',
  },
  { name: 'msg', type: 'string', present: 'always', description: '`request`.', isNeverCut: true },
];
