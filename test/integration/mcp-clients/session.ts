/** What the features need of a client, whichever SDK it is of. */

import type { Client as Client2 } from '@modelcontextprotocol/client';
import type { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';

export interface CallOptions {
  readonly onprogress?: (progress: { readonly progress: number }) => void;
  readonly signal?: AbortSignal;
}

export interface Session {
  listTools(): Promise<readonly string[]>;
  /** @returns the text of the result. */
  callTool(name: string, options?: CallOptions): Promise<string>;
  listResources(): Promise<readonly string[]>;
  readResource(uri: string): Promise<unknown>;
  listPrompts(): Promise<readonly string[]>;
  getPrompt(name: string, args: Record<string, string>): Promise<unknown>;
  complete(): Promise<readonly string[]>;
  /** Calls `onChange` when the server says that it has other tools. */
  watchTools(onChange: () => void): Promise<void>;
  /** Ends the session at the server. */
  end(): Promise<void>;
  close(): Promise<void>;
}

export type TransportKind = 'Streamable HTTP' | 'HTTP+SSE' | '2026-07-28';

/** What the model of the client answers, and its user. */
export const SAMPLE = { role: 'assistant' as const, content: { type: 'text' as const, text: 'a model' }, model: 'm' };
export const ANSWER = { action: 'accept' as const, content: { response: 'a user' } };

/** Such as an `OAuthClientProvider` with a login, or a header. */
export interface ConnectOptions<Provider> {
  readonly url: URL;
  readonly kind: TransportKind;
  readonly user?: Provider;
  readonly headers?: Record<string, string>;
}

export function firstText(content: unknown): string {
  const [first] = content as readonly { readonly text?: string }[];
  return first?.text ?? '';
}

/** The methods for which the clients of both SDKs are called alike. */
export function createPlainMethods(client: Client1 | Client2): Omit<Session, 'callTool' | 'watchTools' | 'end'> {
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    listResources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    readResource: async uri => (await client.readResource({ uri })).contents,
    listPrompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    getPrompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages,
    complete: async () => {
      const ref = { type: 'ref/prompt' as const, name: 'test_prompt_with_arguments' };
      return (await client.complete({ ref, argument: { name: 'arg1', value: 'par' } })).completion.values;
    },
    close: () => client.close(),
  };
}
