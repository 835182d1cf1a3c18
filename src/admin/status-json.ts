/** /status.json: what the status page shows, for programs. Times are as in RFC 3339, durations in seconds. */

import { CHECK_CODES } from '../config/lint/check-codes.ts';
import { NO_ROUTE } from '../telemetry/finished-request.ts';
import type { ClientDenials } from '../telemetry/recent/client-denials.ts';
import type { RecentDenial } from '../telemetry/recent/recent-denials.ts';
import type { ScopeClaimSighting } from '../telemetry/recent/scope-claims.ts';
import type { Report } from '../telemetry/report.ts';
import type { EndpointStatus } from '../upstream/endpoints/endpoint-status.ts';
import { sumOf } from './figures/counter-sums.ts';
import { type CountedCell, readCells } from './figures/denial-matrix.ts';
import { type ExceptionStatus, listExceptionStatus } from './figures/exceptions.ts';
import { formatExplainCommand } from './figures/explain-command.ts';
import { countForeignAudiences, countIntrospections } from './figures/introspections.ts';
import type { Latency } from './figures/latency.ts';
import { type Counted, listRoutes, type RouteStatus } from './figures/route-figures.ts';
import { listUnseen } from './figures/unseen-claims.ts';
import type { StatusPage } from './page/page.ts';

type Json = Readonly<Record<string, unknown>>;

/** @returns the JSON text. The matrix has every cell that is not 0, also those that the page leaves out. */
export function renderJson({ info, report, readiness, now }: StatusPage): string {
  const { config, version, startedAt } = info;
  const { ready, draining, waitingFor, missingWorkers = 0 } = readiness;
  return JSON.stringify({
    version,
    time: now.toISOString(),
    started_at: startedAt.toISOString(),
    status: draining ? 'draining' : ready ? 'ready' : 'not ready',
    issuers_without_keys: waitingFor,
    workers_missing: missingWorkers,
    recent_complete_since: timeOf(report.traffic.since),
    totals: describeTotals(report),
    routes: listRoutes(config, report).map(describeRoute),
    matrix: [...readCells(report).values()].map(describeCell),
    clients: report.traffic.clients.map(describeClient),
    exceptions: listExceptionStatus(config, report, now.getTime()).map(describeException),
    denials: report.denials.map(denial => describeDenial(denial, config.source.file)),
    issuers: report.keySets.map(describeKeySet),
    upstreams: report.upstreams.map(describeEndpoint),
    introspections: countIntrospections(config, report),
    tokens_for_others: countForeignAudiences(report),
    scope_claims_unseen: listUnseen(config, report.traffic.scopeClaims).map(describeUnseen),
    configuration: describeConfiguration({ info, report }),
  });
}

function describeTotals(report: Report): Json {
  return {
    requests: sumOf(report, 'audgate_requests_total'),
    would_be_denied: sumOf(report, 'audgate_denials_total', { action: 'forwarded' }),
    denied: sumOf(report, 'audgate_denials_total', { action: 'refused' }),
    for_another_resource: sumOf(report, 'audgate_confused_deputy_rejections_total'),
    upstream_failures: sumOf(report, 'audgate_upstream_failures_total'),
  };
}

function describeRoute({ route, requests, reported, refused, failed, latency, upstreamLatency }: RouteStatus): Json {
  return {
    route: route?.id ?? NO_ROUTE,
    ...(route && route.id !== route.key && { key: route.key }),
    name: route?.name,
    ...(route && { mode: route.public ? 'public' : route.enforcement }),
    ...(route && !route.public && { resource: route.resource }),
    ...(route && { upstreams: route.upstream.endpoints.map(({ label }) => label) }),
    requests: describeCounted(requests),
    would_be_denied: describeCounted(reported),
    denied: describeCounted(refused),
    upstream_failures: describeCounted(failed),
    latency: describeLatency(latency),
    upstream_latency: describeLatency(upstreamLatency),
  };
}

function describeCounted({ total, lastHour, lastDay, reasons, lastAt }: Counted): Json {
  return {
    total,
    last_hour: lastHour,
    last_day: lastDay,
    ...(reasons.length > 0 && { reasons: Object.fromEntries(reasons.map(({ reason, count }) => [reason, count])) }),
    ...(lastAt !== undefined && { latest: timeOf(lastAt) }),
  };
}

function describeLatency(latency: Latency | undefined): Json | undefined {
  return latency && { p50_seconds: latency.p50, p99_seconds: latency.p99 };
}

function describeKeySet({ issuer, keys, ageSeconds, lastError, refused }: Report['keySets'][number]): Json {
  return {
    issuer,
    keys,
    age_seconds: ageSeconds,
    last_error: lastError,
    refused_keys: refused.map(({ keyId, reason }) => ({ kid: keyId, reason })),
  };
}

function describeEndpoint({ upstream, cause, leftOutSeconds }: EndpointStatus): Json {
  return { upstream, available: cause === undefined, cause, left_out_seconds: leftOutSeconds };
}

function describeUnseen({ of, name, path, tokens }: ScopeClaimSighting): Json {
  return { [of === 'issuers' ? 'issuer' : 'route']: name, scope_claim: path, tokens };
}

function describeCell({ presented, route, cell }: CountedCell): Json {
  return { presented, route, refused: cell.refused, forwarded: cell.reported };
}

function describeClient({ issuer, clientId, refused, reported, windows, lastAt, details }: ClientDenials): Json {
  const [[refusedHour, reportedHour], [refusedDay, reportedDay]] = [windows.hour, windows.day];
  return {
    issuer,
    client_id: clientId,
    would_be_denied: { total: reported, last_hour: reportedHour, last_day: reportedDay },
    denied: { total: refused, last_hour: refusedHour, last_day: refusedDay },
    latest: timeOf(lastAt),
    details,
  };
}

/** `days_left` is 0 on the last day, and once it has lapsed. */
function describeException({ route, exception, state, daysLeft, uses, lastUsed }: ExceptionStatus): Json {
  const { clientId, issuer, reasons, presented, until, owner, lapsesAt } = exception;
  return {
    ...{ route, client_id: clientId, iss: issuer, reasons: [...reasons], presented, owner },
    ...{ until, lapses_at: timeOf(lapsesAt), days_left: daysLeft, lapsed: state === 'lapsed' },
    uses: Object.fromEntries(uses),
    last_used: lastUsed === undefined ? undefined : timeOf(lastUsed),
  };
}

function describeDenial(denial: RecentDenial, file: string): Json {
  const { at, requestId, clientId, ...others } = denial;
  return {
    time: timeOf(at),
    request_id: requestId,
    ...others,
    client_id: clientId,
    explain: formatExplainCommand(denial, file),
  };
}

function describeConfiguration({ info, report }: Pick<StatusPage, 'info' | 'report'>): Json {
  const reloads = (outcome: string) => sumOf(report, 'audgate_config_reloads_total', { outcome });
  return {
    file: info.config.source.file,
    sha256: info.config.source.hash,
    included: info.config.source.included.map(({ file, hash }) => ({ file, sha256: hash })),
    loaded_at: info.loadedAt.toISOString(),
    reloads: { success: reloads('success'), failure: reloads('failure') },
    warnings: info.warnings.map(({ file, line, column, path, code, message }) => ({
      ...{ file, line, column, path, code, message },
      consequence: CHECK_CODES[code].consequence,
      remedy: CHECK_CODES[code].remedy,
    })),
  };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
