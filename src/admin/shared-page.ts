/** One collection for all who ask: it is made on the thread that forwards, so it is made once in a second at most. */

import type { Config } from '../config/config.ts';
import type { Report } from '../telemetry/report.ts';
import type { DenialFilter } from './figures/denial-filter.ts';
import { renderFilteredPage, renderPage, type StatusPage } from './page/page.ts';
import type { ProcessInfo } from './process-info.ts';
import type { Readiness } from './readiness.ts';
import { renderJson } from './status-json.ts';

/** Read at each collection. */
export interface PageSources {
  readonly readiness: () => Readiness | Promise<Readiness>;
  readonly report: () => Promise<Report>;
  readonly processInfo: () => ProcessInfo;
}

/** What was collected, each form rendered once, when it is first asked for. */
export interface SharedPage {
  readonly html: () => string;
  readonly json: () => string;
  /** The denials that `filter` asks for, of which there are 200 at most. */
  readonly denials: (filter: DenialFilter) => string;
}

interface Collection {
  readonly config: Config;
  readonly page: Promise<SharedPage>;
  /** Endless while it is under way. */
  until: number;
}

/** So long, in milliseconds, a page is given to whoever asks. */
const FRESH = 1_000;

/**
 * @returns what gives the page: the collection under way, one of the last second, or a new one. A page that a reload has
 * made wrong, or that could not be collected, is not given again.
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
