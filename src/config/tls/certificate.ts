/** What the certificate of a listener says: for which names, and until when (RFC 5280 sections 4.1.2.5 and 4.2.1.6). */

import type { X509Certificate } from 'node:crypto';
import type { WarningCode } from '../lint/check-codes.ts';
import type { ListenerCertificate } from '../listener-config.ts';

const DAY = 86_400_000;
const SOON = 14 * DAY;

/** A general name in the text that node:crypto makes of the subjectAltName. One with odd characters stands in quotes and is no name of a host. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;
const DNS_NAME = /(?:^|, )DNS:((?:\*\.)?[\w-]+(?:\.[\w-]+)*)(?=,|$)/g;
const ADDRESS = /(?:^|, )IP Address:([\dA-Fa-f.:]+)/;
const COMMON_NAME = /^CN=(.+)$/m;

/** @returns its names, what the metric calls it, and when it expires. */
export function describeCertificate(leaf: X509Certificate): Omit<ListenerCertificate, 'cert' | 'key'> {
  const alternatives = (leaf.subjectAltName ?? '').replace(QUOTED, '""');
  const names = [...alternatives.matchAll(DNS_NAME)].map(([, name = '']) => name.toLowerCase());
  const label = names[0] ?? ADDRESS.exec(alternatives)?.[1] ?? COMMON_NAME.exec(leaf.subject ?? '')?.[1] ?? '(none)';
  return { names: [...new Set(names)], label, expiresAt: Date.parse(leaf.validTo) };
}

export interface LifetimeProblem {
  /** Whether every client that verifies refuses it for good. */
  readonly isFatal: boolean;
  readonly what: string;
  readonly code?: WarningCode;
}

/** @param now milliseconds since 1970. */
export function findLifetimeProblem(leaf: X509Certificate, now: number): LifetimeProblem | undefined {
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (to <= now) return { isFatal: true, what: `holds a certificate that expired on ${formatDay(to)}` };
  // A clock that is a little late must not keep a fresh certificate out.
  if (from > now) {
    return { isFatal: false, what: `it is valid from ${formatDay(from)} on`, code: 'certificate-not-yet-valid' };
  }
  if (to - now >= SOON) return undefined;
  const days = Math.floor((to - now) / DAY);
  const left = days === 0 ? 'in less than a day' : `in ${days} day${days === 1 ? '' : 's'}`;
  return { isFatal: false, what: `it expires ${left}, on ${formatDay(to)}`, code: 'certificate-expires-soon' };
}

function formatDay(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ').concat(' UTC');
}
