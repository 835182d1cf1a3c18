/** The section of the latest denials, refused or only reported. The access log has more of each, by its request ID. */
import { formatExplainCommand, isExplainable } from '../figures/explain-command.js';
import { formatAmount, formatTime } from './format.js';
import { html } from './html.js';
/** How many are shown at first; the others are in a closed `details`. */
const FIRST_SHOWN = 20;
/** @param file the configuration, for the `audgate explain` command. @returns the section of the denials, newest first. */
export function renderDenials(denials, file) {
    const older = denials.slice(FIRST_SHOWN);
    return html `<section id="denials" aria-labelledby="denials-title">
<h2 id="denials-title">Latest denials</h2>
${denials.length === 0 ? html `<p class="soft">Nothing was denied since the process started.</p>` : renderTable(CAPTION, denials.slice(0, FIRST_SHOWN), file)}
${older.length > 0 &&
        html `<details id="older"><summary>${formatAmount(older.length, 'older denial')}</summary>
${renderTable('Older ones, newest first.', older, file)}
</details>`}
</section>`;
}
/** @param denials those that match `filter`, of the latest `kept`. @returns the whole content of a page that shows only these. */
export function renderFiltered(denials, filter, file, kept) {
    const { presented, route, client, issuer } = filter;
    return html `<section id="denials" aria-labelledby="denials-title">
<h1 id="denials-title" class="plain">Latest denials${presented !== undefined && html ` of tokens for <bdi>${presented}</bdi>`}${route !== undefined && html ` at <bdi>${route}</bdi>`}${client !== undefined && html ` of <bdi>${client}</bdi>`}${issuer !== undefined && html ` of <bdi>${issuer}</bdi>`}</h1>
<p class="soft">${denials.length} of the latest ${formatAmount(kept, 'denial')}; what is older is in the access log. <a href="./#denials">Show all</a></p>
${denials.length > 0 && renderTable(CAPTION, denials, file)}
</section>`;
}
const CAPTION = 'Newest first. The access log has the rest of each, by its request ID.';
function renderTable(caption, denials, file) {
    const columns = ['Time (UTC)', 'Outcome', 'Reason', 'Request', 'Client', 'Request ID'];
    return html `<table role="table" class="stack denials">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(name => html `<th role="columnheader" scope="col">${name}</th>`)}</tr></thead>
<tbody role="rowgroup">
${denials.map(denial => renderDenial(denial, file))}
</tbody>
</table>`;
}
function renderDenial(denial, file) {
    const { at, requestId, route, reason, action, status, method, path, presented, issuer, clientId } = denial;
    return html `<tr role="row" id="denial-${requestId}"><td role="cell" data-label="Time (UTC)">${formatTime(at)}<span class="below">${new Date(at).toISOString().slice(0, 10)}</span></td><td role="cell" data-label="Outcome"><span class="${action}">${action}</span> ${status}</td><td role="cell" data-label="Reason"><code>${reason}</code>${presented !== undefined && html `<span class="below">${isResource(presented) ? 'token for' : 'audience'} <bdi>${presented}</bdi></span>`}</td><td role="cell" data-label="Request"><code>${method} <bdi>${path}</bdi></code><span class="below">route <bdi>${route}</bdi></span>${renderExplain(denial, file)}</td><td role="cell" data-label="Client">${renderClient(clientId, issuer)}</td><td role="cell" data-label="Request ID"><code class="id">${requestId}</code></td></tr>
`;
}
/** In a closed `details`. One click selects the whole command. */
function renderExplain(denial, file) {
    if (!isExplainable(denial))
        return undefined;
    const line = formatExplainCommand(denial, file);
    return html `<details class="explain"><summary>Explain</summary><p class="${line === undefined ? 'soft' : 'line'}">${line ?? NO_LINE}</p></details>`;
}
const NO_LINE = 'There is no line to copy: a value was cut, or has characters that a shell or a reader could take for others.';
function renderClient(clientId, issuer) {
    if (issuer === undefined)
        return html `<span class="dim">not verified</span>`;
    const client = clientId === undefined ? html `<span class="dim">no client_id</span>` : html `<bdi>${clientId}</bdi>`;
    return html `${client}<span class="below"><bdi>${issuer}</bdi></span>`;
}
/** A resource is an absolute URI, which `foreign`, `missing` and `multiple` are not. */
function isResource(presented) {
    return presented.includes(':');
}
