/** Writes test/bench/results.md and results.svg: results, machine and versions. */

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { ENVOY_PACKAGE } from '../peers/envoy.ts';
import { run } from '../processes.ts';
import type { Extent } from '../side-by-side.ts';
import { drawChart } from './chart.ts';
import type { Section } from './section.ts';

const FOLDER = join(import.meta.dirname, '../../../test/bench');

export async function writeResults(sections: readonly Section[], extent: Extent): Promise<void> {
  writeFileSync(join(FOLDER, 'results.svg'), drawChart(sections));
  writeFileSync(join(FOLDER, 'results.md'), await writeDocument(sections, extent));
  console.log('\nwrote test/bench/results.md and test/bench/results.svg');
}

async function writeDocument(sections: readonly Section[], { rounds, seconds }: Extent): Promise<string> {
  const targets = sections.flatMap(section => section.targets);
  return [
    '# What checking costs',
    '',
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${rounds} rounds of ${seconds} s a cell, medians, and the range from the`,
    'least to the most. Ratios are taken within each round, so that what slowed the machine down slowed both. Every status was checked.',
    '',
    '![requests per second](results.svg)',
    '',
    ...(await describeMachine()),
    '',
    '| target | measured | |',
    '| --- | --- | --- |',
    ...targets.map(
      ({ target, measured, holds }) => `| ${target} | ${measured} | ${holds ? 'holds' : '**does not hold**'} |`,
    ),
    ...sections.flatMap(writeSection),
    '',
  ].join('\n');
}

function writeSection({ name, title, headings, rows, notes }: Section): string[] {
  const writeRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const alignment = headings.map((_, column) => (column === 0 ? '---' : '---:'));
  return [
    '',
    `## ${title}`,
    '',
    `\`npm run bench -- --scenario ${name}\``,
    '',
    ...[headings, alignment, ...rows].map(writeRow),
    ...(notes.length > 0 ? ['', ...notes.map(note => `- ${note}`)] : []),
  ];
}

async function describeMachine(): Promise<string[]> {
  const processors = cpus();
  const memory = (totalmem() / 1024 ** 3).toFixed(0);
  return [
    `- ${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${memory} GiB, Linux ${release()}`,
    '- What is measured is pinned to core 0, nginx and the load generator to core 1.',
    '- audgate: access log to a file, metrics, 100 routes, cache of tokens. The peers write a log, too, one line for each request; the bare pipe does not.',
    `- Node.js ${process.version}; ${(await readVersions()).join('; ')}`,
    `- npm: ${readNpmPeers().join(', ')}; PyPI: ${ENVOY_PACKAGE.replace('==', ' ')}`,
  ];
}

async function readVersions(): Promise<string[]> {
  const packages = ['haproxy', 'nginx', 'wrk', 'apache2', 'libapache2-mod-auth-openidc'];
  const output = await run('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', ...packages]).catch(() => '');
  return output.split('\n').filter(line => line !== '');
}

function readNpmPeers(): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'peers/package.json'), 'utf8'));
  return Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
}
