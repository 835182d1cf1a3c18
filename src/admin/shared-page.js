/** Collects what the status page shows at most once per second for all readers, since that runs on the thread that forwards. */
import { renderFilteredPage, renderPage } from './page/page.js';
import { renderJson } from './status-json.js';
/** Milliseconds for which a page is shared. */
const FRESH = 1_000;
/**
 * @returns a function that returns the page: the collection under way, one of the last second, or a new one. A page of an
 * earlier configuration, or one that could not be collected, is not returned again.
 */
export function sharePage(sources) {
    let latest;
    return () => {
        const info = sources.processInfo();
        if (latest?.config === info.config && performance.now() < latest.until)
            return latest.page;
        const collection = {
            config: info.config,
            page: collect(sources, info),
            until: Number.POSITIVE_INFINITY,
        };
        const keepFor = (time) => () => {
            collection.until = performance.now() + time;
        };
        collection.page.then(keepFor(FRESH), keepFor(0));
        latest = collection;
        return collection.page;
    };
}
async function collect(sources, info) {
    const [report, readiness] = await Promise.all([sources.report(), sources.readiness()]);
    const page = { info, report, readiness, now: new Date() };
    return {
        html: once(() => renderPage(page)),
        json: once(() => renderJson(page)),
        denials: filter => renderFilteredPage(page, filter),
    };
}
function once(render) {
    let text;
    return () => {
        text ??= render();
        return text;
    };
}
