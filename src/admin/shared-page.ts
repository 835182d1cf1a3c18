/** Collects what the status page shows at most once per second for all readers, since that runs on the thread that forwards. */

import type { Config } from '../config/config.ts';
import type { Report } from '../telemetry/report.ts';
import type { DenialFilter } from './figures/denial-filter.ts';
import { renderFilteredPage, renderPage, type StatusPage } from './page/page.ts';
import type { ProcessInfo } from './process-info.ts';
import type { Readiness } from './readiness.ts';
import { renderJson } from './status-json.ts';

/** Called for each collection. */
export interface PageSources {
  readonly readiness: () => Readiness | Promise<Readiness>;
  readonly report: () => Promise<Report>;
  readonly processInfo: () => ProcessInfo;
}

/** One collection. Each form is rendered once, when it is first requested. */
export interface SharedPage {
  readonly html: () => string;
  readonly json: () => string;
  /** Rendered for each request: of the 200 denials at most that are kept, those that match `filter`. */
  readonly denials: (filter: DenialFilter) => string;
}

interface Collection {
  readonly config: Config;
  readonly page: Promise<SharedPage>;
  /** Until when it is shared, by `performance.now()`; without end while it is being collected. */
  until: number;
}

/** Milliseconds for which a page is shared. */
const FRESH = 1_000;

/**
 * @returns a function that returns the page: the collection under way, one of the last second, or a new one. A page of an
 * earlier configuration, or one that could not be collected, is not returned again.
 */
export function sharePage(sources: PageSources): () => Promise<SharedPage> {
  let latest: Collection | undefined;
  return () => {
    const info = sources.processInfo();
    if (latest?.config === info.config && performance.now() < latest.until) return latest.page;
    const collection: Collection = {
      config: info.config,
      page: collect(sources, info),
      until: Number.POSITIVE_INFINITY,
    };
    const keepFor = (time: number) => () => {
      collection.until = performance.now() + time;
    };
    collection.page.then(keepFor(FRESH), keepFor(0));
    latest = collection;
    return collection.page;
  };
}

async function collect(sources: PageSources, info: ProcessInfo): Promise<SharedPage> {
  const [report, readiness] = await Promise.all([sources.report(), sources.readiness()]);
  const page: StatusPage = { info, report, readiness, now: new Date() };
  return {
    html: once(() => renderPage(page)),
    json: once(() => renderJson(page)),
    denials: filter => renderFilteredPage(page, filter),
  };
}

function once(render: () => string): () => string {
  let text: string | undefined;
  return () => {
    text ??= render();
    return text;
  };
}
