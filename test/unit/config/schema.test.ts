import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../../../src/config/schema.ts';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
}

/** Every key of the schema, with its description. */
function listKeys(node: Node, path = ''): [string, string | undefined][] {
  const inner = Object.entries(node.properties ?? {}).flatMap(([key, child]): [string, string | undefined][] => [
    [`${path}${key}`, child.description],
    ...listKeys(child, `${path}${key}.`),
  ]);
  const entries = typeof node.additionalProperties === 'object' ? listKeys(node.additionalProperties, `${path}*.`) : [];
  return [...inner, ...entries, ...(node.anyOf ?? []).flatMap(branch => listKeys(branch, path))];
}

test('a JSON Schema can be made of it, in which every key is described', () => {
  const keys = listKeys(z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) as Node);
  expect(keys.map(([key]) => key)).toEqual(
    expect.arrayContaining(['listen', 'issuers.*.keys.max_stale', 'routes.*.upstream', 'routes.*.timeouts.idle']),
  );
  expect(keys.filter(([, description]) => !description)).toEqual([]);
});
