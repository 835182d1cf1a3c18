/** The tables in docs/reference that are generated from the code. `npm run docs` writes them; this test keeps them true. */

import { expect, test } from 'vitest';
import type { CheckAdvice } from '../../src/config/lint/check-advice.ts';
import { ERRORS } from '../../src/config/lint/check-codes.ts';
import { ONLINE_ERRORS } from '../../src/config/lint/online-codes.ts';
import { WARNINGS } from '../../src/config/lint/warning-codes.ts';
import {
  ENFORCEMENTS,
  FAILURES,
  type FailureReason,
  isRefused,
  REASONS,
  REFUSALS,
  type Reason,
} from '../../src/denial.ts';
import { CHECKS } from '../../src/probe/checks/table.ts';
import { ACCESS_LOG_FIELDS } from '../../src/telemetry/log/access-log-fields.ts';
import { METRIC_FAMILIES } from '../../src/telemetry/metrics/families.ts';
import { expectTables, formatCodes, formatTable, replaceTables } from './generated-table.ts';

/** When each reason is decided. A new reason does not compile without its sentence. */
const WHEN: Readonly<Record<Reason, string>> = {
  malformed_request:
    'The framing, the Host or the form of the target is not valid, or the request is CONNECT. Also: a WebSocket handshake that is not valid, and a body whose framing breaks. On a route with `mcp`: a doubled `Mcp-*` field, a revision that is not served, and, where a rule depends on it, a body that two servers could read differently.',
  headers_too_large: 'The head is larger than `limits.headers`, or has more than 200 fields.',
  request_timeout: 'The head, or the next piece of the body, did not arrive within `timeouts`.',
  version_not_supported: 'The version is neither HTTP/1.0 nor HTTP/1.1.',
  expectation_failed: '`Expect` has something else than `100-continue`.',
  upgrade_required:
    'The WebSocket handshake has another version than 13. `Upgrade` and `Sec-WebSocket-Version` say what is supported.',
  ambiguous_path:
    'Two servers could read the path differently. Only reported where every route to the same upstream is public or on `report`.',
  no_route: 'No route has this Host and path, or the request is `OPTIONS *`.',
  origin_not_allowed:
    'On a route with `mcp`: `Origin` is there, and is neither the one of the resource nor one of `cors.origins`; or it is `null`, or there twice.',
  method_not_allowed:
    "No key of the route's `scopes` covers the method; or a metadata document is requested with another method than GET, HEAD and OPTIONS. `Allow` lists the methods that are allowed.",
  missing_token: 'There is no Authorization field, or it has another scheme than Bearer.',
  malformed_credentials:
    'The Bearer token is empty, there are two Authorization fields, or one field has two credentials.',
  malformed_token:
    'The token is not a signed JWT in compact form, has critical extensions or two members of one name, has no `exp`, has an `aud`, `exp`, `nbf` or `iat` of a wrong type, or a time more than 100 years ahead.',
  untrusted_issuer: 'The `iss` is not an issuer in the configuration, or not one of the route.',
  keys_unavailable: "The issuer's keys could not be fetched, or are older than `keys.max_stale`.",
  unknown_key: 'The issuer publishes no key that the `kid` of the token names.',
  inactive_token: 'The issuer was asked about the token (`introspection`), and says that it is not active.',
  bad_signature: 'The signature does not verify, or the algorithm is not one of `algorithms`.',
  revoked_token:
    'The token verified, and an entry of `revoked` fits its claims. Decided just before the time, for each request, and for what is under way when the list changes.',
  token_expired: 'The time is at or after `exp`, with the `expiry_leeway` of the issuer.',
  token_not_yet_valid: '`nbf` or `iat` is further ahead than the `leeway` of the issuer (30 s).',
  wrong_token_type:
    'The payload names an ID, refresh or logout token, or has the claims of an ID token; or the `typ` of the header is not one of `token_types`. The former is decided before the time, the latter after it.',
  wrong_audience:
    'No `aud` value is the resource of the route or one of its `audiences`, or `multiple_audiences` refuses the others.',
  wrong_claim: 'A claim that the `claims` of the route require is absent or has another value.',
  insufficient_scope: 'A scope that the operation needs is missing. The challenge names all that it needs.',
  session_not_found:
    'On a route with `mcp`: the `Mcp-Session-Id` is not one that was handed out to the issuer, subject and client of the token, on this route.',
  unsupported_media_type:
    'On a route with a rule under `mcp`: the body of a POST is not `application/json`, or has no media type.',
  mcp_header_mismatch:
    'On a route with a rule under `mcp`: `Mcp-Method` or `Mcp-Name` says something else than the body, or is missing where 2026-07-28 needs it. The body is a JSON-RPC error with the code -32020.',
  body_too_large:
    "The body is larger than the route's `limits.body`, or than `mcp.max_body` where it is read for a rule.",
  overloaded:
    'The route already has `limits.in_flight` requests under way, or the bodies that wait to be judged fill the memory that they may have.',
  exchange_refused:
    'With `upstream_token: exchange`: the token endpoint refuses this token, or what it issued is not for the upstream. The log says why.',
  exchange_unavailable:
    'With `upstream_token: exchange`: the token endpoint gave no usable answer, or refuses the gateway itself. The log says why.',
  internal: 'An exception in the gateway.',
};

const WHEN_FAILED: Readonly<Record<FailureReason, string>> = {
  upstream_unreachable: 'There was no connection, so nothing was sent.',
  bad_upstream_response: 'The request was sent, and no usable response came.',
  upstream_timeout: 'A timeout of the upstream passed, that of connecting included.',
};

test('docs/reference/refusals.md: the tables of src/denial.ts', async () => {
  await expectTables('docs/reference/refusals.md', {
    refusals: formatTable(
      ['reason', 'stage', 'status', 'refused from', 'challenge', 'when'],
      REASONS.map(reason => {
        const { stage, refusedFrom } = REFUSALS[reason];
        return [`\`${reason}\``, stage, describeStatus(reason), refusedFrom, describeChallenge(reason), WHEN[reason]];
      }),
    ),
    modes: formatTable(
      ['mode', 'refuses', 'forwards and reports'],
      ENFORCEMENTS.map((mode, index) => {
        const previous = ENFORCEMENTS[index - 1];
        const added = REASONS.filter(reason => isRefused(reason, mode) && !(previous && isRefused(reason, previous)));
        const reported = REASONS.filter(reason => !isRefused(reason, mode));
        return [`\`${mode}\``, `${previous ? 'also ' : ''}${formatCodes(added)}`, formatCodes(reported)];
      }),
    ),
    failures: formatTable(
      ['reason', 'status', 'when'],
      Object.entries(FAILURES).map(([reason, { status }]) => [
        `\`${reason}\``,
        String(status),
        WHEN_FAILED[reason as FailureReason],
      ]),
    ),
  });
});

test('docs/reference/metrics.md: the metrics of src/telemetry/metrics/families.ts', async () => {
  await expectTables('docs/reference/metrics.md', {
    metrics: formatTable(
      ['name', 'type', 'labels', 'meaning'],
      METRIC_FAMILIES.map(({ name, type, labels, help }) => [
        `\`${name}\``,
        type,
        labels.map(each => `\`${each.name}\`${each.values ? ` (${formatCodes(each.values)})` : ''}`).join(', '),
        help,
      ]),
    ),
  });
});

test('docs/reference/access-log.md: the fields of src/telemetry/log/access-log-fields.ts', async () => {
  await expectTables('docs/reference/access-log.md', {
    fields: formatTable(
      ['field', 'type', 'present', 'meaning'],
      ACCESS_LOG_FIELDS.map(({ name, type, present, description }) => [`\`${name}\``, type, present, description]),
    ),
  });
});

test('docs/reference/check-codes.md: the codes of src/config/lint/check-codes.ts', async () => {
  await expectTables('docs/reference/check-codes.md', {
    warnings: tabulateCodes(WARNINGS),
    errors: tabulateCodes(ERRORS),
    online: tabulateCodes(ONLINE_ERRORS),
  });
});

test('a page without the markers of a table, or with two of them: an error', () => {
  const markers = '<!-- table a: written by npm run docs -->\nx\n<!-- end of table -->\n';
  expect(replaceTables(`b\n${markers}c\n`, { a: 'T' })).toBe(`b\n${markers.replace('x', '\nT\n')}c\n`);
  for (const page of ['', 'x', `${markers}${markers}`, markers.replace('end', 'ent')]) {
    expect(() => replaceTables(page, { a: 'T' })).toThrow('no markers of one table a');
  }
});

function describeStatus(reason: Reason): string {
  const refusal = REFUSALS[reason];
  if ('retryAfter' in refusal) return `${refusal.status}, \`Retry-After: ${refusal.retryAfter}\``;
  if ('fields' in refusal) return `${refusal.status}, \`${refusal.fields.join(': ')}\``;
  return reason === 'method_not_allowed' ? `${refusal.status}, \`Allow\`` : String(refusal.status);
}

function describeChallenge(reason: Reason): string {
  const refusal = REFUSALS[reason];
  if (!('challenge' in refusal)) return '';
  return refusal.challenge ? `\`${refusal.challenge.error}\`` : 'without an error';
}

function tabulateCodes(codes: Readonly<Record<string, CheckAdvice>>): string {
  const rows = Object.entries(codes).map(([code, { consequence, remedy }]) => [`\`${code}\``, consequence, remedy]);
  return formatTable(['code', 'consequence', 'remedy'], rows);
}

test('docs/reference/cli.md: each check of probe', async () => {
  const list = (isEssential: boolean) => {
    const rows = CHECKS.filter(check => (check.isEssential ?? false) === isEssential);
    return formatTable(
      ['check', 'holds where', 'clause'],
      rows.map(({ id, title, clause }) => [`\`${id}\``, title, clause]),
    );
  };
  await expectTables('docs/reference/cli.md', { probe: list(true), 'further-probe': list(false) });
});
