/** The schema of the YAML as JSON Schema (draft-07), which is what editors read: config/audgate.schema.json. */

import { z } from 'zod';
import { configSchema } from './file-schema.ts';

/** One schema of JSON Schema, as far as ours go. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Every scalar may be, or hold, a reference to the environment or to a file; only the gateway knows its value. */
const REFERENCE = '\\$\\{[^}]+\\}';

/** @returns the schema of a whole file: it may accept what the gateway refuses, but refuses nothing that the gateway accepts. */
export function createJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' });
  allowReferences(schema);
  return schema;
}

/** In every value below `schema`; keys (`propertyNames`) are taken as they are written. */
function allowReferences(schema: JsonSchema): void {
  const { properties, additionalProperties, items, anyOf } = schema;
  for (const child of [...Object.values(properties ?? {}), additionalProperties, items, ...(anyOf ?? [])]) {
    if (isSchema(child)) allowReferences(child);
  }
  if (schema.enum !== undefined) allowBeside(schema, schema.enum);
  else if (schema.type === 'boolean') {
    const patternErrorMessage = 'expected true or false';
    Object.assign(schema, { type: ['boolean', 'string'], pattern: REFERENCE, patternErrorMessage });
  } else if (schema.pattern !== undefined) schema.pattern = `${schema.pattern}|${REFERENCE}`;
}

/** Not one pattern for all: from an `enum`, editors complete. */
function allowBeside(schema: JsonSchema, choices: unknown[]): void {
  delete schema.enum;
  delete schema.type;
  Object.assign(schema, { anyOf: [{ enum: choices }, { type: 'string', pattern: REFERENCE }] });
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
