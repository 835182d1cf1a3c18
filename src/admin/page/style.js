/** The style sheet of the status page. Two palettes, one column; tables restack on a narrow screen, the matrix scrolls in its own box. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf9; --raised: #f4f2ed; --ink: #211f1c; --soft: #5d5850; --dim: #736d64; --rule: #e2ded6;
  --refused: #a3262b; --forwarded: #7c4f00; --good: #2a6a3d; --link: #1f56a8; --shade: #0003;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171614; --raised: #211f1c; --ink: #e8e4dd; --soft: #aaa398; --dim: #938c82; --rule: #34312d;
    --refused: #f0938f; --forwarded: #e0b35f; --good: #8ec99c; --link: #91b8f3; --shade: #000a;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  max-width: 84rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 3rem) 4rem;
  background: var(--paper); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, dl, dd, ul { margin: 0; padding: 0; }
ul { list-style: none; }
a { color: var(--link); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
code { font: 0.8125rem/1.5 var(--mono); }
bdi, code { overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; border-radius: 2px; }
main:focus { outline: none; }
.soft { color: var(--soft); }
.dim { color: var(--dim); }
.refused { color: var(--refused); }
.forwarded { color: var(--forwarded); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; z-index: 1; padding: 0.5rem 1rem; background: var(--paper); border: 1px solid var(--rule); }
.skip:focus { top: 0.5rem; }

header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.5rem 2rem; padding: 1.25rem 0 0.75rem; border-bottom: 1px solid var(--rule); }
.brand { font-weight: 650; letter-spacing: -0.01em; }
.brand span { margin-left: 0.25rem; color: var(--soft); font-weight: 400; font-size: 0.8125rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; font-size: 0.875rem; }
nav a { display: inline-block; padding: 0.125rem 0; color: var(--soft); text-decoration: none; }
nav a:hover { color: var(--ink); text-decoration: underline; }
.fresh { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1rem; margin-left: auto; color: var(--soft); font-size: 0.875rem; }
button { padding: 0.125rem 0.625rem; border: 1px solid var(--dim); border-radius: 4px; background: none; color: inherit; font: inherit; cursor: pointer; }
button:hover { color: var(--ink); border-color: var(--ink); }

section { margin-top: 2.75rem; }
#overview { margin-top: 2rem; }
h1 { font-size: 1.75rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.02em; }
h1::before { content: ""; display: inline-block; width: 0.5em; height: 0.5em; margin-right: 0.4em; border-radius: 50%; background: var(--good); vertical-align: 0.1em; }
h1.not-ready::before { border: 2px solid var(--refused); background: none; }
h1.draining::before { background: var(--forwarded); }
h1.plain::before { content: none; }
h1.plain { font-size: 1.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; line-height: 1.4; font-weight: 600; letter-spacing: -0.01em; }
h3 { margin-top: 1.5rem; font-size: 0.9375rem; font-weight: 600; }
h2 + .soft { font-size: 0.875rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1.25rem 1.5rem; margin-top: 1.5rem; }
.figures div { display: flex; flex-direction: column; padding-top: 0.5rem; border-top: 1px solid var(--rule); color: var(--ink); }
.figures dt { color: var(--soft); font-size: 0.8125rem; }
.figures dd { font-size: 1.5rem; line-height: 1.3; letter-spacing: -0.01em; }
.figures .note { color: var(--soft); font-size: 0.8125rem; letter-spacing: 0; }
.figures .zero dd:not(.note) { color: var(--dim); }
.figures .refused dd:not(.note) { color: var(--refused); }
.figures .forwarded dd:not(.note) { color: var(--forwarded); }

table { width: 100%; border-collapse: collapse; }
caption { padding-bottom: 0.75rem; color: var(--soft); font-size: 0.875rem; text-align: left; }
th, td { padding: 0.5rem 1.25rem 0.5rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { padding-block: 0.25rem; color: var(--soft); font-size: 0.8125rem; white-space: nowrap; }
tbody tr:hover { background: var(--raised); }
.below { display: block; color: var(--soft); font-size: 0.8125rem; }
.count { font-weight: 600; }
.reasons { display: flex; flex-wrap: wrap; gap: 0 1rem; color: var(--soft); font-size: 0.8125rem; }
.reasons li { white-space: nowrap; }
.reasons code { font-size: 0.75rem; }
.mode { display: inline-flex; align-items: center; gap: 0.5rem; white-space: nowrap; }
.mode.public { color: var(--soft); }
.steps { display: inline-flex; gap: 3px; }
.steps i { width: 7px; height: 7px; border: 1px solid var(--soft); border-radius: 50%; }
.report i:nth-child(1), .verify i:nth-child(-n + 2), .enforce i { background: var(--ink); border-color: var(--ink); }
.stack { table-layout: fixed; }
.routes thead th:nth-child(1) { width: 23%; }
.routes thead th:nth-child(2) { width: 6.5rem; }
.routes th, .routes td { padding-right: 1rem; }
.routes .reasons { display: block; }
.routes .reasons li, .clients .reasons li { white-space: normal; }
.clients thead th:nth-child(1) { width: 24%; }
.clients thead th:nth-child(4) { width: 32%; }
.clients thead th:nth-child(5) { width: 9rem; }
.whole { white-space: nowrap; }
.machine { margin-top: 0.75rem; font-size: 0.875rem; }
.explain { margin-top: 0.25rem; font-size: 0.8125rem; }
.line { margin-top: 0.25rem; padding: 0.375rem 0.5rem; overflow-wrap: anywhere; font: 0.75rem/1.5 var(--mono); background: var(--raised); user-select: all; -webkit-user-select: all; }
.denials thead th:nth-child(1) { width: 6.75rem; }
.denials thead th:nth-child(2) { width: 8.25rem; }
.denials thead th:nth-child(3) { width: 24%; }
.denials thead th:nth-child(5) { width: 19%; }
.denials thead th:nth-child(6) { width: 10.5rem; }
.id { color: var(--soft); font-size: 0.75rem; }
.issuers thead th:nth-child(1) { width: 35%; }
.issuers thead th:nth-child(2) { width: 5rem; }

.hint { display: none; margin-top: 0.5rem; color: var(--soft); font-size: 0.8125rem; }
.hint.wide { display: block; }
/* The covers move with the content and hide the shadows where nothing is left to scroll to. */
.scroll {
  position: relative; margin-top: 0.5rem; overflow-x: auto;
  background:
    linear-gradient(to right, var(--paper) 2rem, transparent) left / 4rem 100% no-repeat local,
    linear-gradient(to left, var(--paper) 2rem, transparent) right / 4rem 100% no-repeat local,
    linear-gradient(to left, var(--shade), transparent) right / 1.25rem 100% no-repeat scroll;
}
.matrix { width: auto; min-width: 100%; }
.matrix th, .matrix td { padding: 0.375rem 1rem; }
.matrix thead th { min-width: 6.5rem; max-width: 11rem; white-space: normal; vertical-align: bottom; }
.matrix thead th:not(:first-child), .matrix td { text-align: right; }
.matrix tr > :first-child { position: sticky; left: 0; min-width: 9rem; max-width: 26rem; padding-left: 0; background: var(--paper); }
.matrix tbody tr:hover > :first-child { background: var(--raised); }
.matrix .own { color: var(--dim); }
.met { background: var(--raised); }
.met a { color: inherit; text-decoration: none; }
.met a:hover span, .met a:focus-visible span { text-decoration: underline; }
.met b { text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 0.2em; }
.met span { display: block; white-space: nowrap; font-size: 0.8125rem; }
.met b { font-size: 0.9375rem; font-weight: 650; }

details { margin-top: 1rem; }
summary { width: fit-content; color: var(--link); cursor: pointer; }
details table { margin-top: 0.75rem; }
.facts { margin-top: 0.5rem; }
.facts div { display: grid; grid-template-columns: 7rem 1fr; padding: 0.375rem 0; border-bottom: 1px solid var(--rule); }
.facts dt { color: var(--soft); }
.facts code { overflow-wrap: anywhere; }
.warnings li { padding: 0.5rem 0; border-bottom: 1px solid var(--rule); }
.warnings p { max-width: 60rem; }

@media (max-width: 48rem) {
  .fresh { margin-left: 0; }
  .figures { grid-template-columns: 1fr 1fr; }
  .stack thead th:nth-child(n) { width: auto; }
  .stack, .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; width: auto; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tbody tr { padding: 0.625rem 0; border-bottom: 1px solid var(--rule); }
  .stack tbody th, .stack tbody td { padding: 0.125rem 0; border: 0; }
  .stack tbody td { position: relative; padding-left: 8.25rem; }
  .stack tbody td::before { content: attr(data-label); position: absolute; left: 0; color: var(--soft); font-size: 0.8125rem; line-height: 1.75; }
  .matrix tr > :first-child { max-width: 10rem; font-size: 0.8125rem; }
  .matrix th .soft { display: block; }
  .hint { display: block; }
  .facts div { grid-template-columns: 5.5rem 1fr; }
}
@media print { .skip, nav, .fresh button { display: none; } }
`;
