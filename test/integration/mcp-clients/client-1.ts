/** A client by SDK 1.x. */

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import {
  ANSWER,
  type CallOptions,
  type ConnectOptions,
  createPlainMethods,
  firstText,
  SAMPLE,
  type Session,
} from './session.ts';
import type { User } from './user.ts';

type AnyTransport = Parameters<Client['connect']>[0];

/** Connects from nothing but the URL, with a login where the server wants one. */
export async function connect1({ url, kind, user, headers = {} }: ConnectOptions<User>): Promise<Session> {
  const options = { ...(user && { authProvider: user as never }), requestInit: { headers } };
  const open = () =>
    kind === 'HTTP+SSE' ? new SSEClientTransport(url, options) : new StreamableHTTPClientTransport(url, options);
  const make = () => {
    const made = new Client(
      { name: 'one', version: '1.0.0' },
      { capabilities: { sampling: {}, elicitation: {}, roots: {} } },
    );
    made.setRequestHandler(CreateMessageRequestSchema, () => SAMPLE);
    made.setRequestHandler(ElicitRequestSchema, () => ANSWER);
    return made;
  };
  let client = make();
  let transport = open();
  const logIn = async (error: unknown) => {
    if (!(error instanceof UnauthorizedError) || !user?.answer) throw error;
    await transport.finishAuth(user.answer.get('code') ?? '');
  };
  await client.connect(transport as AnyTransport).catch(async error => {
    await logIn(error);
    [client, transport] = [make(), open()];
    await client.connect(transport as AnyTransport);
  });
  return describeSession(client, () => transport, logIn);
}

function describeSession(
  client: Client,
  transport: () => StreamableHTTPClientTransport | SSEClientTransport,
  logIn: (error: unknown) => Promise<void>,
): Session {
  const call = async (name: string, options?: CallOptions) =>
    firstText((await client.callTool({ name, arguments: {} }, undefined, options)).content);
  return {
    ...createPlainMethods(client),
    callTool: (name, options) => call(name, options).catch(error => logIn(error).then(() => call(name, options))),
    watchTools: async onChange => client.setNotificationHandler(ToolListChangedNotificationSchema, onChange),
    end: async () => {
      const now = transport();
      if ('terminateSession' in now) await now.terminateSession();
    },
  };
}
