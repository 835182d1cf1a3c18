/** What issuers were asked about tokens, and which routes got tokens for several audiences. Counters that Prometheus scrapes. */

import type { Config } from '../../config/config.ts';
import type { Report } from '../../telemetry/report.ts';
import { listSamples, sumOf } from './counter-sums.ts';

/** Calls by their answer; `hit` was answered without one. */
export interface Introspections {
  readonly issuer: string;
  readonly hit: number;
  readonly active: number;
  readonly inactive: number;
  readonly failure: number;
}

/** @returns the counts of each issuer of `config` that is asked about tokens. */
export function countIntrospections({ issuers }: Config, report: Report): readonly Introspections[] {
  const asked = [...issuers.values()].filter(({ introspection }) => introspection !== undefined);
  return asked.map(({ issuer }) => {
    const count = (outcome: string) => sumOf(report, 'audgate_introspections_total', { issuer, outcome });
    return {
      issuer,
      hit: count('hit'),
      active: count('active'),
      inactive: count('inactive'),
      failure: count('failure'),
    };
  });
}

/** @returns by route, how many accepted tokens were also for audiences that no route of this gateway has. */
export function countForeignAudiences(report: Report): readonly { readonly route: string; readonly tokens: number }[] {
  const samples = listSamples(report, 'audgate_multiple_audience_tokens_total');
  return samples.flatMap(({ labels, value }) =>
    labels['outcome'] === 'foreign' && value > 0 ? [{ route: String(labels['route']), tokens: value }] : [],
  );
}
