/** The endpoints of upstreams that have several: which of them are sent requests. */

import type { EndpointStatus } from '../../upstream/endpoints/endpoint-status.ts';
import { formatAmount, formatSeconds } from './format.ts';
import { type Html, html } from './html.ts';

/** /status.json has the others. */
const MOST_SHOWN = 500;

/** @returns the table, those that are left out first; nothing where every upstream has one endpoint. */
export function renderUpstreams(upstreams: readonly EndpointStatus[]): Html | undefined {
  if (upstreams.length === 0) return undefined;
  const sorted = [...upstreams].sort((a, b) => Number(b.cause !== undefined) - Number(a.cause !== undefined));
  const more = sorted.length - MOST_SHOWN;
  return html`<h3 id="upstreams">Upstreams with several endpoints</h3>
<table role="table" class="stack upstreams">
<caption>An endpoint that cannot be connected to is left out for a pause that grows from 1 s to 10 s.${more > 0 && ` ${formatAmount(more, 'endpoint')} more are in /status.json.`}</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Endpoint</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">Cause</th></tr></thead>
<tbody role="rowgroup">
${sorted.slice(0, MOST_SHOWN).map(renderRow)}
</tbody>
</table>`;
}

function renderRow({ upstream, cause, leftOutSeconds }: EndpointStatus): Html {
  const state =
    cause === undefined
      ? html`available`
      : html`<span class="refused">left out</span><span class="below">tried again ${leftOutSeconds > 0 ? `in ${formatSeconds(leftOutSeconds)}` : 'by the next request'}</span>`;
  return html`<tr role="row"><th role="rowheader" scope="row"><bdi>${upstream}</bdi></th><td role="cell" data-label="State">${state}</td><td role="cell" data-label="Cause">${cause === undefined ? html`<span class="dim">none</span>` : html`<code>${cause}</code>`}</td></tr>
`;
}
