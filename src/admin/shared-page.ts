/** One rendering for all who ask: the page is made on the thread that forwards, so it is made once in a second at most. */

import type { Config } from '../config/config.ts';
import type { Report } from '../telemetry/report.ts';
import { renderPage } from './page.ts';
import type { Readiness } from './readiness.ts';
import type { Serving } from './serving.ts';

/** Read at each rendering. */
export interface PageSources {
  readonly readiness: () => Readiness | Promise<Readiness>;
  readonly report: () => Promise<Report>;
  readonly serving: () => Serving;
}

interface Rendering {
  readonly config: Config;
  readonly page: Promise<string>;
  /** Endless while it is under way. */
  until: number;
}

/** So long, in milliseconds, a page is given to whoever asks. */
const FRESH = 1_000;

/**
 * @returns what gives the page, as HTML: the rendering under way, one of the last second, or a new one. A page that a reload
 * has made wrong, or that could not be rendered, is not given again.
 */
export function sharePage(sources: PageSources): () => Promise<string> {
  let latest: Rendering | undefined;
  return () => {
    const serving = sources.serving();
    if (latest?.config === serving.config && performance.now() < latest.until) return latest.page;
    const rendering: Rendering = {
      config: serving.config,
      page: render(sources, serving),
      until: Number.POSITIVE_INFINITY,
    };
    const keepFor = (time: number) => () => {
      rendering.until = performance.now() + time;
    };
    rendering.page.then(keepFor(FRESH), keepFor(0));
    latest = rendering;
    return rendering.page;
  };
}

async function render(sources: PageSources, serving: Serving): Promise<string> {
  const [report, readiness] = await Promise.all([sources.report(), sources.readiness()]);
  return renderPage({ serving, report, readiness, now: new Date() });
}
