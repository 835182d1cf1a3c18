/** What a refusal says in the language of the client: members of a JSON-RPC error response (JSON-RPC 2.0 section 5.1). */

import { JsonReader } from '../json/json-reader.ts';
import { JsonRefusal } from '../json/json-tokens.ts';

type MessageId = string | number;

export interface RpcError {
  /** Of the message that is refused, so that the client finds its call; `null` where it has none that is repeated. */
  readonly id: MessageId | null;
  /** Absent: what belongs to the reason of the refusal. */
  readonly error?: { readonly code: number; readonly message: string; readonly data: object };
}

/** A refusal repeats no other text of its request. */
const ID_FORM = /^[\w.:-]{1,64}$/;

/** @param body of one message. @returns `null` for a batch, for what cannot be read, and for an id that is neither an integer nor a short word. */
export function readMessageId(body: Buffer): MessageId | null {
  try {
    const reader = new JsonReader(body);
    let id: MessageId | undefined;
    reader.readMembers(name => {
      if (name === 'id') id = readId(reader);
      else reader.skipValue();
    });
    reader.finish();
    return id ?? null;
  } catch (error) {
    if (error instanceof JsonRefusal) return null;
    throw error;
  }
}

function readId(reader: JsonReader): MessageId | undefined {
  const kind = reader.kind();
  if (kind === 'other') return reader.readInteger();
  if (kind !== 'string') return void reader.skipValue();
  const id = reader.readString();
  return ID_FORM.test(id) ? id : undefined;
}
