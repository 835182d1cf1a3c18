/** Bars of requests per second, one group for each scenario: plain SVG for light and dark colour schemes. */

import { formatRate } from './rates.ts';
import type { Bar, Section } from './section.ts';

const WIDTH = 860;
const LABELS = 190;
const BAR = 16;
const GAP = 4;
const GROUP_GAP = 22;
const TITLE = 22;
const SCALE = 540;

const STYLE = `text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.label, .value { font-size: 12px; }
.ours { fill: #0969da; }
.other { fill: #8c959f; }
.range { stroke: #1f2328; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .ours { fill: #4493f8; }
  .other { fill: #656c76; }
  .range { stroke: #e6edf3; }
}`;

/** Each group has its own scale: rates of 1 MiB and of 61 B responses do not compare. */
export function drawChart(sections: readonly Section[]): string {
  let y = GROUP_GAP;
  const groups: string[] = [];
  for (const { title, bars } of sections) {
    if (bars.length === 0) continue;
    groups.push(drawGroup(title, bars, y));
    y += TITLE + bars.length * (BAR + GAP) + GROUP_GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    '<title>Requests per second on one core; the thin line is the range over the rounds</title>',
    `<style>${STYLE}</style>`,
    ...groups,
    '</svg>',
    '',
  ].join('\n');
}

function drawGroup(title: string, bars: readonly Bar[], y: number): string {
  const most = Math.max(...bars.map(bar => bar.most));
  const drawn = bars.map((bar, row) => drawBar(bar, row === 0, y + TITLE / 2 + row * (BAR + GAP), SCALE / most));
  return [`<text class="title" x="0" y="${y}">${escapeText(title)}, requests/s</text>`, ...drawn].join('\n');
}

function drawBar({ name, value, least, most }: Bar, isOurs: boolean, y: number, scale: number): string {
  const middle = y + BAR / 2;
  const [from, to] = [LABELS + least * scale, LABELS + most * scale].map(Math.round);
  return [
    `<text class="label" x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${escapeText(name)}</text>`,
    `<rect class="${isOurs ? 'ours' : 'other'}" x="${LABELS}" y="${y}" width="${Math.round(value * scale)}" height="${BAR}"/>`,
    `<line class="range" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>`,
    `<text class="value" x="${(to ?? LABELS) + 8}" y="${middle + 4}">${formatRate(value)}</text>`,
  ].join('\n');
}

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
