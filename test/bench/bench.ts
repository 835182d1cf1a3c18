/**
 * `npm run bench`: what checking tokens costs on this machine, compared with other gateways and libraries. The built gateway and
 * its peers take turns on one core, upstream and load run on the other, in rounds. `--quick` for a first look.
 */

import { nameLeftOut } from './line-up.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { writeResults } from './report/results.ts';
import { printSection, type Section } from './report/section.ts';
import { chooseShows, SHOWS } from './shows.ts';
import { openSite } from './site.ts';

/** @returns whether every response was as expected. Whether the targets were met is printed only: this is no test. */
async function measureAll(options: Options): Promise<boolean> {
  const shows = chooseShows(options);
  const leftOut = nameLeftOut(options);
  if (leftOut !== undefined) console.log(leftOut);
  const site = await openSite();
  const sections: Section[] = [];
  try {
    for (const show of shows) {
      console.log(`\n== ${show.name}: ${show.title}`);
      const section = await show.measure(site, options);
      printSection(section);
      sections.push(section);
    }
  } finally {
    await site.close();
  }
  printVerdicts(sections);
  if (options.write) await writeResults(sections, options);
  return !sections.some(({ isFaulty }) => isFaulty);
}

function printVerdicts(sections: readonly Section[]): void {
  console.log('\n== promised and measured');
  for (const { promise, measured, holds } of sections.flatMap(({ verdicts }) => verdicts)) {
    console.log(`${holds ? 'holds         ' : 'DOES NOT HOLD'} ${promise}: ${measured}`);
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.list) console.log(SHOWS.map(({ name, title }) => `${name}: ${title}`).join('\n'));
  process.exit(options.list || (await measureAll(options)) ? 0 : 1);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
