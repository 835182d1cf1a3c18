/** The section of the matrix: for which resource tokens were, and at which route they were used (confused deputies). */

import type { NonResource } from '../../authorization/audience.ts';
import type { Config } from '../../config/config.ts';
import type { Report } from '../../telemetry/report.ts';
import { linkDenials } from '../figures/denial-filter.ts';
import { buildMatrix, type Cell, type Matrix } from '../figures/denial-matrix.ts';
import { formatAmount, formatCount } from './format.ts';
import { type Html, html } from './html.ts';

/** The values of `presented` that are not a resource. */
const NOT_A_RESOURCE: Readonly<Record<string, string>> = {
  foreign: 'for nobody here',
  missing: 'no audience',
  multiple: 'ours among others',
} satisfies Record<NonResource, string>;

/** @returns the section of the matrix. */
export function renderMatrix(config: Config, report: Report): Html {
  const matrix = buildMatrix(config, report);
  return html`<section id="matrix" aria-labelledby="matrix-title">
<h2 id="matrix-title">Token for → used at</h2>
${matrix.columns.length > 0 ? renderTable(matrix) : html`<p class="soft">No route asks for a token.</p>`}
</section>`;
}

function renderTable(matrix: Matrix): Html {
  return html`<p class="soft">Tokens that verified in every other respect. A row is whom the token was for, a column the route it was used at; a count leads to the latest denials of its cell.${renderLeftOut(matrix)}</p>
${renderHint(matrix.columns.length)}
<div class="scroll" role="region" aria-label="The matrix, to scroll" tabindex="0">
<table class="matrix">
<caption class="unseen">How many tokens for each resource were used at each route</caption>
<thead><tr><th scope="col">Token for</th>${matrix.columns.map(({ key }) => html`<th scope="col"><code>${key}</code></th>`)}</tr></thead>
<tbody>
${matrix.rows.map(
  ({ presented, cells }) =>
    html`<tr><th scope="row">${renderPresented(presented)}</th>${cells.map((cell, index) => renderCell(cell, presented, matrix.columns[index]?.id ?? ''))}</tr>
`,
)}
</tbody>
</table>
</div>`;
}

function renderPresented(presented: string): Html {
  const explanation = NOT_A_RESOURCE[presented];
  if (explanation === undefined) return html`<bdi>${presented}</bdi>`;
  return html`<code>${presented}</code> <span class="soft">${explanation}</span>`;
}

function renderCell(cell: Cell | undefined, presented: string, route: string): Html {
  if (cell === undefined)
    return html`<td class="own"><span aria-hidden="true">·</span><span class="unseen">its own</span></td>`;
  const { refused, reported } = cell;
  if (refused + reported === 0) return html`<td class="dim">0</td>`;
  return html`<td class="met"><a href="${linkDenials({ presented, route })}">${part(refused, 'refused')}${part(reported, 'forwarded')}</a></td>`;
}

function part(count: number, action: string): Html | undefined {
  if (count === 0) return undefined;
  return html`<span class="${action}"><b>${formatCount(count)}</b> ${action}</span>`;
}

/** A hint that the table scrolls sideways. How many columns fit depends on the screen, so the style sheet decides whether it shows. */
function renderHint(columns: number): Html | undefined {
  if (columns < 2) return undefined;
  return html`<p class="hint ${columns > 8 && 'wide'}">${formatAmount(columns, 'route')}: scroll the table sideways <span aria-hidden="true">→</span></p>`;
}

function renderLeftOut({ leftOut: { rows, columns } }: Matrix): Html | undefined {
  if (rows + columns === 0) return undefined;
  return html` Only the busiest are shown: ${formatAmount(rows, 'row')} and ${formatAmount(columns, 'column')} are left out.`;
}
