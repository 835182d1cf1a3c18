/** The rows of the table. */

import type { Case } from './case.ts';
import { DECISIONS } from './decisions.ts';
import { FIELDS } from './fields.ts';
import { HTTP2 } from './http2.ts';
import { MESSAGES } from './messages.ts';
import { METADATA } from './metadata.ts';
import { OPERATIONS } from './operations.ts';

export const CASES: readonly Case[] = [...DECISIONS, ...METADATA, ...FIELDS, ...HTTP2, ...MESSAGES, ...OPERATIONS];
