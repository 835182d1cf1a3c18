/** Python's http.server, which parses header fields as those of an e-mail. */

import { join } from 'node:path';
import { parseObservedLine } from '../observed-request.ts';
import { findProgram, type ServerKind, startRealServer } from './real-server.ts';

const program = findProgram('python3');

export const python: ServerKind = {
  name: 'python3',
  program,
  start: () =>
    startRealServer(({ address }) => ({
      command: program ?? '',
      args: ['-u', join(import.meta.dirname, 'seen.py'), address],
      files: {},
      parse: parseObservedLine,
    })),
};
