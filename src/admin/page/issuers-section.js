/** The section of the issuers: how many keys each has, how old they are, and the last error. */
import { countForeignAudiences, countIntrospections } from '../figures/introspections.js';
import { listUnseen } from '../figures/unseen-claims.js';
import { formatAmount, formatCount, formatDuration } from './format.js';
import { html } from './html.js';
/** @returns the section of the issuers. */
export function renderIssuers(config, report) {
    const { keySets, traffic } = report;
    const { issuers } = config;
    const asked = countIntrospections(config, report);
    const foreign = countForeignAudiences(report);
    const unseen = listUnseen(config, traffic.scopeClaims);
    return html `<section id="issuers" aria-labelledby="issuers-title">
<h2 id="issuers-title">Issuers</h2>
${issuers.size === 0 && html `<p class="soft">No issuer is configured.</p>`}
${keySets.length > 0 && renderTable(issuers, keySets)}
${asked.length > 0 && renderAsked(asked)}
${foreign.length > 0 && renderForeign(foreign)}
${unseen.length > 0 && renderUnseen(unseen)}
</section>`;
}
function renderTable(issuers, keySets) {
    return html `<table role="table" class="stack issuers">
<caption>The keys that tokens are verified with.</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Issuer</th><th role="columnheader" scope="col">Keys</th><th role="columnheader" scope="col">Age</th><th role="columnheader" scope="col">Last error</th></tr></thead>
<tbody role="rowgroup">
${keySets.map(status => renderIssuer(status, issuers.get(status.issuer)?.keys))}
</tbody>
</table>`;
}
/** Refused keys of one issuer on the page. */
const MOST_REFUSED = 20;
function renderRefused({ keyId, reason, isFault }) {
    const name = keyId === undefined ? 'without kid' : html `<bdi>${keyId}</bdi>`;
    return html `<span class="below"><span class="${isFault ? 'refused' : 'dim'}">not used</span>: ${name}, ${reason}</span>`;
}
function renderIssuer({ issuer, keys, ageSeconds, lastError, refused }, rules) {
    const age = ageSeconds === undefined ? html `<span class="refused">never fetched</span>` : formatDuration(ageSeconds);
    const times = rules &&
        html `<span class="below">fetched again after ${formatDuration(rules.refresh / 1000)}, usable for ${formatDuration(rules.maxStale / 1000)}</span>`;
    return html `<tr role="row"><th role="rowheader" scope="row"><bdi>${issuer}</bdi></th><td role="cell" data-label="Keys"><span class="${keys === 0 ? 'refused' : ''}">${formatCount(keys)}</span>${refused.slice(0, MOST_REFUSED).map(renderRefused)}${refused.length > MOST_REFUSED && html `<span class="below">and ${formatCount(refused.length - MOST_REFUSED)} more, in /status.json</span>`}</td><td role="cell" data-label="Age">${age}${times}</td><td role="cell" data-label="Last error">${lastError === undefined ? html `<span class="dim">none</span>` : html `<span class="refused"><bdi>${lastError}</bdi></span>`}</td></tr>
`;
}
function renderAsked(asked) {
    return html `<h3>Asked about tokens</h3>
<ul class="warnings">${asked.map(renderIntrospections)}</ul>`;
}
function renderIntrospections({ issuer, hit, active, inactive, failure }) {
    const failed = html `<span class="${failure > 0 ? 'refused' : ''}">${formatCount(failure)} without an answer</span>`;
    return html `<li><p><bdi>${issuer}</bdi></p><p>${formatAmount(active + inactive + failure, 'call')}: ${formatCount(active)} active, ${formatCount(inactive)} not active, ${failed}; ${formatAmount(hit, 'request')} without a call.</p></li>
`;
}
/** Not wrong by itself: some issuers add their userinfo endpoint, or every client on which the user has a role. */
function renderForeign(foreign) {
    return html `<h3>Tokens that are also for others</h3>
<ul class="warnings">${foreign.map(({ route, tokens, }) => html `<li><p><bdi>${route}</bdi></p><p>${formatAmount(tokens, 'request')} with an accepted token that has a further audience, of no route here. Keycloak writes such tokens for a client with "Full scope allowed".</p></li>
`)}</ul>`;
}
function renderUnseen(unseen) {
    return html `<h3>Claims that no token had</h3>
<ul class="warnings">${unseen.map(renderSighting)}</ul>`;
}
function renderSighting({ of, name, path, tokens }) {
    return html `<li><p><code>${of}.${name}.scope_claim</code></p><p>No token had <bdi>${path}</bdi>, in ${formatAmount(tokens, 'request')}: scopes are not read from it.</p></li>
`;
}
