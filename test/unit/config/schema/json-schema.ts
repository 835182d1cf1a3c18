/** The schema of the YAML as JSON Schema (draft-07) for editors: config/audgate.schema.json and config/audgate.routes.schema.json. */

import { z } from 'zod';
import { configSchema } from '../../../../src/config/schema/file-schema.ts';

/** One schema within a JSON Schema. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Every scalar may hold a reference to the environment or to a file, whose value an editor does not know. */
const REFERENCE = '\\$\\{[^}]+\\}';

/** @returns the schema of a whole file. It accepts everything that the gateway accepts, and some things that it does not. */
export function createJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' });
  allowReferences(schema);
  return schema;
}

/** @returns the schema of a file that is included. Editors find the other schema beside it. */
export function createIncludedJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { routes: { $ref: 'audgate.schema.json#/properties/routes' } },
    required: ['routes'],
    additionalProperties: false,
  };
}

/** Allows references in every value below `schema`; in keys (`propertyNames`) there are none. */
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

/** The `enum` stays, since editors use it for completion. */
function allowBeside(schema: JsonSchema, choices: unknown[]): void {
  delete schema.enum;
  delete schema.type;
  Object.assign(schema, { anyOf: [{ enum: choices }, { type: 'string', pattern: REFERENCE }] });
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
