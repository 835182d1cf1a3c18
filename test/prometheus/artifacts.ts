/** The files of config/ for Prometheus and Grafana, as data: alerts, and the dashboard's panels with their queries. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const CONFIG = join(import.meta.dirname, '../../config');

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly instant?: boolean;
  readonly datasource: { readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly noValue?: string } };
}

export interface Variable {
  readonly name: string;
  readonly definition?: string;
  readonly multi: boolean;
  readonly includeAll: boolean;
  readonly current: { readonly value?: unknown };
}

export interface Dashboard {
  readonly __inputs: readonly { readonly name: string; readonly type: string; readonly pluginId: string }[];
  readonly __requires: readonly { readonly type: string; readonly id: string }[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

/** @returns the alerts of alerts.yaml, in order. */
export function readAlerts(): Alert[] {
  const { groups } = readYaml('prometheus/alerts.yaml') as { groups: readonly { readonly rules: readonly Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** @returns the dashboard; its rows are panels without a query. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(CONFIG, 'grafana/audgate.json'), 'utf8'));
}

/** @returns a YAML file of config/, merge keys resolved. */
export function readYaml(file: string): unknown {
  return parse(readFileSync(join(CONFIG, file), 'utf8'), { merge: true });
}

/** The selected values of the dashboard's variables; an absent one means "All". */
export interface Selection {
  readonly job?: readonly string[];
  readonly instance?: readonly string[];
  readonly route?: readonly string[];
}

/**
 * @param seconds the scrape interval and the time range, from which Grafana computes its variables.
 * @returns the query as Grafana sends it: values of `$job`, `$instance` and `$route` are escaped and alternated, as its
 *   Prometheus source does.
 */
export function interpolate(
  expression: string,
  selection: Selection,
  seconds: { readonly scrape: number; readonly range: number; readonly step: number },
): string {
  const rateInterval = Math.max(seconds.step + seconds.scrape, 4 * seconds.scrape);
  const names = ['job', 'instance', 'route'] as const;
  return names.reduce(
    (text, name) => text.replaceAll(`$${name}"`, () => `${alternate(selection[name])}"`),
    expression
      .replaceAll('$__rate_interval', `${rateInterval * 1000}ms`)
      .replaceAll('$__range', `${Math.ceil(seconds.range)}s`),
  );
}

function alternate(values: readonly string[] = []): string {
  const escaped = values.map(value => value.replace(/[$^*{}[\]'+?.()|\\]/g, '\\\\$&'));
  return escaped.length > 1 ? `(${escaped.join('|')})` : (escaped[0] ?? '.*');
}
