/** One thing that must hold behind every proxy. */

import type { World } from '../world.ts';

export interface Case {
  readonly name: string;
  /** The rest of the title of its test. */
  readonly expected: string;
  /** @returns what was observed, for the table. @throws where it does not hold. */
  run(world: World): Promise<string>;
}
