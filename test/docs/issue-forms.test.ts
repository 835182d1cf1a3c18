/** The forms in .github/ISSUE_TEMPLATE have what GitHub needs to show them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './markdown.ts';

interface Element {
  readonly type: string;
  readonly id?: string;
  readonly attributes: { readonly label?: string; readonly value?: string };
}

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly Element[];
}

const FOLDER = join(ROOT, '.github/ISSUE_TEMPLATE');
const forms = readdirSync(FOLDER).filter(name => name !== 'config.yml');

test.each(forms)('%s: a name, a description, and elements with a label', file => {
  const form = parse(readFileSync(join(FOLDER, file), 'utf8')) as Form;
  expect(Object.keys(form)).toEqual(['name', 'description', 'body']);
  const inputs = form.body.filter(({ type }) => type !== 'markdown');
  expect(inputs.length).toBeGreaterThan(0);
  for (const { type, id, attributes } of inputs) {
    expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
    expect(id).toMatch(/^[a-z-]+$/);
    expect(attributes.label).toMatch(/\S/);
  }
  expect(new Set(inputs.map(({ id }) => id)).size).toBe(inputs.length);
  for (const { attributes } of form.body.filter(({ type }) => type === 'markdown'))
    expect(attributes.value).toMatch(/\S/);
});
