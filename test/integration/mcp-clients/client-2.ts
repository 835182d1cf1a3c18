/** A client by SDK 2.x, of either era. */

import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
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

/** Connects from nothing but the URL, with a login where the server wants one. */
export async function connect2({ url, kind, user, headers = {} }: ConnectOptions<User>): Promise<Session> {
  const options = { ...(user && { authProvider: user as never }), requestInit: { headers } };
  const open = () =>
    kind === 'HTTP+SSE' ? new SSEClientTransport(url, options) : new StreamableHTTPClientTransport(url, options);
  const make = () => {
    const made = new Client(
      { name: 'two', version: '1.0.0' },
      {
        capabilities: { sampling: {}, elicitation: {}, roots: {} },
        versionNegotiation: { mode: kind === '2026-07-28' ? 'auto' : 'legacy' },
      },
    );
    made.setRequestHandler('sampling/createMessage', () => SAMPLE);
    made.setRequestHandler('elicitation/create', () => ANSWER);
    return made;
  };
  let client = make();
  let transport = open();
  const logIn = async (error: unknown) => {
    if (!UnauthorizedError.isInstance(error) || !user?.answer) throw error;
    await transport.finishAuth(user.answer.get('code') ?? '', user.answer.get('iss') ?? undefined);
  };
  await client.connect(transport).catch(async error => {
    await logIn(error);
    [client, transport] = [make(), open()];
    await client.connect(transport);
  });
  return describeSession(client, () => transport, logIn, kind === '2026-07-28');
}

function describeSession(
  client: Client,
  transport: () => StreamableHTTPClientTransport | SSEClientTransport,
  logIn: (error: unknown) => Promise<void>,
  isModern: boolean,
): Session {
  const call = async (name: string, options?: CallOptions) =>
    firstText((await client.callTool({ name, arguments: {} }, options)).content);
  return {
    ...createPlainMethods(client),
    callTool: (name, options) => call(name, options).catch(error => logIn(error).then(() => call(name, options))),
    watchTools: async onChange => {
      client.setNotificationHandler('notifications/tools/list_changed', onChange);
      if (isModern) await client.listen({ toolsListChanged: true });
    },
    end: async () => {
      const now = transport();
      if (!isModern && 'terminateSession' in now) await now.terminateSession();
    },
  };
}
