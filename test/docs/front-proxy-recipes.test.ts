/** The recipes for proxies that no test can run here: what can be said of their files. Those that run are in test/external/front-proxies. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './markdown.ts';

const FOLDER = join(ROOT, 'config/recipes');
const PAGE = readFileSync(join(ROOT, 'docs/how-to/front-proxy.md'), 'utf8');
const FILES = readdirSync(FOLDER, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(FOLDER, name)).map(file => `${name}/${file}`));
const ANY = expect.stringMatching(/./);
const UNRUN = FILES.filter(file => /^(envoy-gateway|istio|ingress-nginx)\//.test(file));

test.each(FILES)('%s: docs/how-to/front-proxy.md links to it', file => {
  expect(PAGE).toContain(`(../../config/recipes/${file})`);
});

describe('recipes that are not run', () => {
  test.each(UNRUN)('%s: says so, and is YAML', file => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    expect(text.slice(0, text.search(/^[a-z]/m)).replace(/\n# /g, ' ')).toContain('NOT run by the tests of audgate');
    const documents = parseAllDocuments(text);
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    for (const document of documents) {
      const tree: object = document.toJS();
      if (!('meshConfig' in tree)) expect(tree).toMatchObject({ apiVersion: ANY, kind: ANY, metadata: { name: ANY } });
    }
  });

  test('each proxy: asks in a form of its own, fails closed, and takes both fields from the answer', () => {
    const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');
    const [policy, mesh, ingress] = ['envoy-gateway/security-policy', 'istio/mesh-config', 'ingress-nginx/ingress'].map(
      name => read(`${name}.yaml`),
    );
    expect(policy).toMatch(/failOpen: false[\s\S]*path: \/envoy[\s\S]*- authorization\n\s*- x-user/);
    expect(mesh).toMatch(
      /pathPrefix: \/envoy[\s\S]*failOpen: false[\s\S]*headersToUpstreamOnAllow:\n\s*- authorization\n\s*- x-user/,
    );
    expect(ingress).toMatch(/:9191\/original\n[\s\S]*auth-response-headers: Authorization, X-User\n/);
    expect(ingress).toMatch(/auth-snippet: \|\n\s*proxy_set_header X-Original-Host \$host;/);
  });
});
