/** The section of the configuration in use: its file, its reloads and its lint warnings. */

import type { Diagnostic } from '../../config/diagnostics/diagnostic.ts';
import { CHECK_CODES } from '../../config/lint/check-codes.ts';
import type { IncludedSource } from '../../config/source/config-source.ts';
import type { Report } from '../../telemetry/report.ts';
import { sumOf } from '../figures/counter-sums.ts';
import type { ProcessInfo } from '../process-info.ts';
import { formatAmount, formatCount, formatMoment } from './format.ts';
import { type Html, html } from './html.ts';

/** @returns the section of the configuration. */
export function renderConfiguration({ config, loadedAt, warnings }: ProcessInfo, report: Report): Html {
  const reloads = (outcome: string) => sumOf(report, 'audgate_config_reloads_total', { outcome });
  const failed = reloads('failure');
  return html`<section id="configuration" aria-labelledby="configuration-title">
<h2 id="configuration-title">Configuration</h2>
<dl class="facts">
<div><dt>File</dt><dd><code>${config.source.file}</code></dd></div>
<div><dt>SHA-256</dt><dd><code>${config.source.hash}</code></dd></div>
${config.source.included.map(renderIncluded)}<div><dt>Loaded</dt><dd>${formatMoment(loadedAt.getTime())}</dd></div>
<div><dt>Reloads</dt><dd>${formatCount(reloads('success'))} done, <span class="${failed > 0 && 'refused'}">${formatCount(failed)} failed</span></dd></div>
</dl>
<h3>${warnings.length === 0 ? 'No warnings of the lint' : formatAmount(warnings.length, 'warning')}</h3>
${warnings.length > 0 && html`<ul class="warnings">${warnings.map(warning => renderWarning(warning, config.source.file))}</ul>`}
</section>`;
}

function renderIncluded({ file, hash }: IncludedSource): Html {
  return html`<div><dt>Included</dt><dd><code>${file}</code> <code class="soft">${hash}</code></dd></div>
`;
}

function renderWarning({ file, line, column, code, path, message }: Diagnostic, main: string): Html {
  return html`<li><p><code>${file !== main && `${file}:`}${line}:${column}</code> <code>${path}</code> <span class="soft">${code}</span></p><p><bdi>${message}</bdi></p><p class="below">${CHECK_CODES[code].consequence} ${CHECK_CODES[code].remedy}</p></li>
`;
}
