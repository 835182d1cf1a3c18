/** The section of the configuration in use: its file, its reloads and its lint warnings. */
import { CHECK_CODES } from '../../config/lint/check-codes.js';
import { sumOf } from '../figures/counter-sums.js';
import { formatAmount, formatCount, formatMoment } from './format.js';
import { html } from './html.js';
/** @returns the section of the configuration. */
export function renderConfiguration({ config, loadedAt, warnings }, report) {
    const reloads = (outcome) => sumOf(report, 'audgate_config_reloads_total', { outcome });
    const failed = reloads('failure');
    return html `<section id="configuration" aria-labelledby="configuration-title">
<h2 id="configuration-title">Configuration</h2>
<dl class="facts">
<div><dt>File</dt><dd><code>${config.source.file}</code></dd></div>
<div><dt>SHA-256</dt><dd><code>${config.source.hash}</code></dd></div>
<div><dt>Loaded</dt><dd>${formatMoment(loadedAt.getTime())}</dd></div>
<div><dt>Reloads</dt><dd>${formatCount(reloads('success'))} done, <span class="${failed > 0 && 'refused'}">${formatCount(failed)} failed</span></dd></div>
</dl>
<h3>${warnings.length === 0 ? 'No warnings of the lint' : formatAmount(warnings.length, 'warning')}</h3>
${warnings.length > 0 && html `<ul class="warnings">${warnings.map(renderWarning)}</ul>`}
</section>`;
}
function renderWarning({ line, column, code, path, message }) {
    return html `<li><p><code>${line}:${column}</code> <code>${path}</code> <span class="soft">${code}</span></p><p><bdi>${message}</bdi></p><p class="below">${CHECK_CODES[code].consequence} ${CHECK_CODES[code].remedy}</p></li>
`;
}
