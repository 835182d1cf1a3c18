/**
 * `npm run bench`: what checking tokens costs on this machine, compared with other gateways and libraries. The built gateway and
 * its peers take turns on one core, upstream and load run on the other, in rounds. `--quick` for a first look.
 */

import { chooseMeasurements, MEASUREMENTS } from './measurements.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { writeResults } from './report/results.ts';
import { printSection, type Section } from './report/section.ts';
import { describeOmitted } from './selection.ts';
import { createTestBed } from './test-bed.ts';

/** @returns whether every response was as expected. Whether the targets were met is printed only: this is no test. */
async function measureAll(options: Options): Promise<boolean> {
  const measurements = chooseMeasurements(options);
  const omitted = describeOmitted(options);
  if (omitted !== undefined) console.log(omitted);
  const bed = await createTestBed();
  const sections: Section[] = [];
  try {
    for (const measurement of measurements) {
      console.log(`\n== ${measurement.name}: ${measurement.title}`);
      const section = await measurement.measure(bed, options);
      printSection(section);
      sections.push(section);
    }
  } finally {
    await bed.close();
  }
  printVerdicts(sections);
  if (options.write) await writeResults(sections, options);
  return !sections.some(({ isFaulty }) => isFaulty);
}

function printVerdicts(sections: readonly Section[]): void {
  console.log('\n== targets and measurements');
  for (const { target, measured, holds } of sections.flatMap(({ targets }) => targets)) {
    console.log(`${holds ? 'holds         ' : 'DOES NOT HOLD'} ${target}: ${measured}`);
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.list) console.log(MEASUREMENTS.map(({ name, title }) => `${name}: ${title}`).join('\n'));
  process.exit(options.list || (await measureAll(options)) ? 0 : 1);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
