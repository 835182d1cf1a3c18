/** The body of a POST → the JSON-RPC messages in it (JSON-RPC 2.0, MCP base protocol), as far as they decide which scopes are needed. */

import { JsonReader, type ValueKind } from '../json/json-reader.ts';
import { JsonRefusal } from '../json/json-tokens.ts';

export interface McpMessage {
  /** `undefined`: a response. */
  readonly method: string | undefined;
  /** What it names, where its method is one of `NAMING_METHODS`: a tool or a prompt by its name, a resource by its URI. `undefined` there: nothing. */
  readonly target: string | undefined;
}

export interface McpMessages {
  readonly isBatch: boolean;
  readonly messages: readonly McpMessage[];
}

/** The methods that name what they are about, each with the member of `params` that does. */
const NAMING_METHODS: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'resources/subscribe': 'uri',
};

/** Not in 2026-07-28, whose servers answer it by its name alone. Without the member it needs what every rule of its kind needs. */
const REMOVED_METHOD = 'resources/subscribe';

/** What decides. Some readers overlook case, so a member that differs from one of these only in case is refused. */
const DECIDING = ['method', 'params', 'result', 'error', 'name', 'uri'];

/** A member that should be a string: `undefined` if it is not there, `null` if it is something else. */
type Text = string | null | undefined;

/**
 * @param bytes of the whole body.
 * @returns every message, in order. `undefined` for what two readers could take for two things (json-reader.ts), and for what is no
 *   message: a `method` that is no string, one beside a `result` or an `error`, or none of them; a method that names something without
 *   the name; an empty batch, or one with anything but messages in it.
 */
export function readMessages(bytes: Buffer): McpMessages | undefined {
  try {
    const reader = new JsonReader(bytes);
    const isBatch = reader.kind() === 'list';
    const messages: McpMessage[] = [];
    if (isBatch) reader.readEntries(() => messages.push(readMessage(reader)));
    else messages.push(readMessage(reader));
    reader.finish();
    return messages.length > 0 ? { isBatch, messages } : undefined;
  } catch (error) {
    if (error instanceof JsonRefusal) return undefined;
    throw error;
  }
}

interface Members {
  method?: Text;
  isResponse?: boolean;
  name?: Text;
  uri?: Text;
}

function readMessage(reader: JsonReader): McpMessage {
  const members: Members = {};
  reader.readMembers(name => {
    checkCase(name);
    if (name === 'method') members.method = readText(reader);
    else if (name === 'params' && reader.kind() === 'object') readParams(reader, members);
    else reader.skipValue();
    if (name === 'result' || name === 'error') members.isResponse = true;
  });
  return toMessage(members);
}

function readParams(reader: JsonReader, members: Members): void {
  reader.readMembers(name => {
    checkCase(name);
    if (name === 'name' || name === 'uri') members[name] = readText(reader);
    else reader.skipValue();
  });
}

function readText(reader: JsonReader): Text {
  const kind: ValueKind = reader.kind();
  if (kind === 'string') return reader.readString();
  reader.skipValue();
  return null;
}

function toMessage({ method, isResponse = false, ...params }: Members): McpMessage {
  if (method === undefined && isResponse) return { method, target: undefined };
  if (typeof method !== 'string' || isResponse) throw new JsonRefusal();
  const member = findNamingMember(method);
  if (member === undefined) return { method, target: undefined };
  const target = params[member];
  if (target === null || (target === undefined && method !== REMOVED_METHOD)) throw new JsonRefusal();
  return { method, target };
}

/** @returns the member of `params` that says what a message of this method is about; `undefined` where it names nothing. */
export function findNamingMember(method: string): 'name' | 'uri' | undefined {
  return Object.hasOwn(NAMING_METHODS, method) ? NAMING_METHODS[method] : undefined;
}

/** Of a message and its `params`; what is further inside, as the arguments of a tool, is the upstream's. */
function checkCase(name: string): void {
  if (name.length > LONGEST_DECIDING || DECIDING.includes(name)) return;
  if (DECIDING.includes(foldCase(name))) throw new JsonRefusal();
}

/** With the dot that the capital I of Turkish leaves behind. */
const LONGEST_DECIDING = 8;

/** As readers fold that go by Unicode: the long s is an s, the Kelvin sign a k, an i without a dot an i. */
function foldCase(name: string): string {
  return name.toUpperCase().toLowerCase().replaceAll('\u0307', '');
}
