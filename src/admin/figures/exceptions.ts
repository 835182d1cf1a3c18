/** What is shown of each exception: what it excuses, until when, and whether it is still used. Pure. */

import type { Config } from '../../config/config.ts';
import { type Exception, listExceptions } from '../../config/exceptions/exception.ts';
import { daysLeft } from '../../config/values/day.ts';
import type { Report } from '../../telemetry/report.ts';

export interface ExceptionStatus {
  /** The id of the route. */
  readonly route: string;
  readonly exception: Exception;
  /** Whether it excuses anything: not on report, nor once it has lapsed. */
  readonly state: 'holds' | 'lapsed' | 'without effect';
  /** Whole days after this one on which it holds; 0 on the last one, and once it has lapsed. */
  readonly daysLeft: number;
  /** Denials that it excused since the start, by reason; those at 0 are left out. */
  readonly uses: ReadonlyMap<string, number>;
  /** Milliseconds since 1970; `undefined`: never since the start. */
  readonly lastUsed: number | undefined;
}

/** @param now milliseconds since 1970. @returns every exception, the one that lapses first in front. */
export function listExceptionStatus(
  { routes }: Pick<Config, 'routes'>,
  report: Pick<Report, 'exceptions'>,
  now: number,
): readonly ExceptionStatus[] {
  const usesOf = new Map(report.exceptions.map(({ route, uses }) => [route, uses]));
  const all = routes.flatMap(route => {
    if (route.public) return [];
    return listExceptions(route.exceptions).map((exception): ExceptionStatus => {
      const uses = (usesOf.get(route.id) ?? []).filter(
        ({ of, reason }) => isSame(of, exception) && [...exception.reasons].some(each => each === reason),
      );
      const lastUsed = Math.max(0, ...uses.map(({ lastAt }) => lastAt));
      const isLapsed = exception.lapsesAt <= now;
      return {
        ...{ route: route.id, exception },
        state: isLapsed ? 'lapsed' : route.enforcement === 'report' ? 'without effect' : 'holds',
        daysLeft: Math.max(0, daysLeft(exception.until, now)),
        uses: new Map(uses.map(({ reason, count }) => [reason, count])),
        lastUsed: lastUsed === 0 ? undefined : lastUsed,
      };
    });
  });
  return all.sort((a, b) => a.exception.lapsesAt - b.exception.lapsesAt);
}

type Identity = Pick<Exception, 'clientId' | 'issuer' | 'presented'>;

function isSame(one: Identity, other: Identity): boolean {
  return one.clientId === other.clientId && one.issuer === other.issuer && one.presented === other.presented;
}
