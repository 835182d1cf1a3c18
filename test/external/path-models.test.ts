/** Real servers on the paths of `path-models.test.ts`: the model of nginx equals nginx, and no path leaves its route. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRouteTable, type Match, matchRequest } from '../../src/route/match.ts';
import { canonicalizePath } from '../../src/route/path.ts';
import { findMisreading, targetOf } from '../security/path-models/misreading.ts';
import { readUtf8, type ServerModel, split } from '../security/path-models/server-model.ts';
import { nginx } from '../security/path-models/servers/nginx.ts';
import { worlds } from '../security/path-models/world.ts';
import { sendRaw } from '../support/raw-http.ts';
import { apache } from './differential/servers/apache.ts';
import { nginx as realNginx } from './differential/servers/nginx.ts';
import { python } from './differential/servers/python.ts';
import type { RealServer, ServerKind } from './differential/servers/real-server.ts';

const WORLDS = fc.sample(worlds, { numRuns: 12, seed: 20_261_126 });
const SENT = WORLDS.flatMap(({ requests }) => requests.map(({ path }) => path)).filter(
  path => !/[\x00-\x20]/.test(path),
);
const KINDS: readonly ServerKind[] = [realNginx, apache, python];

test.skipIf(realNginx.program === undefined)(
  'nginx, 240 paths: parsed as by its model',
  async () => {
    const server = await realNginx.start();
    try {
      const real = await readAll(server, SENT.slice(0, 240));
      for (const path of SENT.slice(0, 240)) expect([path, real.read(path)]).toEqual([path, nginx.read(path)]);
    } finally {
      await server.close();
    }
  },
  120_000,
);

for (const kind of KINDS) {
  test.skipIf(kind.program === undefined)(
    `${kind.name}: no forwarded path is parsed as one of another route`,
    async () => {
      const server = await kind.start();
      try {
        const passed = WORLDS.flatMap(({ routes, requests }) =>
          requests.flatMap(({ host, path }) => pass(routes, host, path)),
        );
        const prefixes = WORLDS.flatMap(({ routes }) =>
          routes.flatMap(({ prefix, upstream }) => [prefix, ...upstream.endpoints.map(({ basePath }) => basePath)]),
        );
        const rules = ['/a', '/b', '/@c', '/caf%C3%A9', '/a%20b'].flatMap(one => [one, `${one}/a`, `${one}/b`]);
        const targets = passed.map(({ match }) => targetOf(match));
        const real = await readAll(server, [...new Set([...targets, ...prefixes, ...rules])].filter(Boolean));
        const misread = passed.flatMap(({ routes, host, match }) => findMisreading(routes, host, match, real) ?? []);
        expect(misread).toEqual([]);
        expect(passed.length).toBeGreaterThan(50);
      } finally {
        await server.close();
      }
    },
    120_000,
  );
}

function pass(routes: (typeof WORLDS)[number]['routes'], host: string, sentPath: string) {
  const match = matchRequest(createRouteTable(routes), { host, path: canonicalizePath(sentPath), sentPath });
  return match.ok ? [{ routes, host, match: match as Match }] : [];
}

/** Requests each target from a server, one after the other. @returns how it read those that it did not refuse itself. */
async function readAll(server: RealServer, targets: readonly string[]): Promise<ServerModel> {
  const readings = new Map<string, readonly string[] | undefined>();
  const [host = '', port] = server.address.split(':');
  for (const target of targets) {
    server.seen.list.length = 0;
    const bytes = `GET ${target} HTTP/1.1\r\nHost: ${server.address}\r\nConnection: close\r\n\r\n`;
    await sendRaw(Number(port), bytes, { host });
    await server.seen.until(() => server.seen.list.length > 0, 20_000);
    const [seen] = server.seen.list;
    const segments = seen && !seen.refused ? split(seen.path) : undefined;
    readings.set(
      target,
      segments?.map(segment => readUtf8(segment) ?? segment),
    );
  }
  return { name: server.address, read: target => readings.get(target) };
}
