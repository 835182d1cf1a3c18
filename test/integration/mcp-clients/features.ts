/** What clients do with an MCP server: each feature gives a short text, the same direct and through a gateway. */

import { once } from 'node:events';
import type { FullMcpServer } from '../../support/mcp/full-server.ts';
import { eventually } from '../../support/waiting.ts';
import type { Session, TransportKind } from './session.ts';

export interface Feature {
  readonly run: (session: Session, server: FullMcpServer) => Promise<string>;
  /** Default: every transport has it. */
  readonly only?: readonly TransportKind[];
}

export const FEATURES: Readonly<Record<string, Feature>> = {
  'list tools': { run: async session => `${(await session.listTools()).length} tools` },
  'call a tool': { run: session => session.callTool('test_simple_text') },
  progress: {
    run: async session => {
      const steps: number[] = [];
      await session.callTool('test_tool_with_progress', { onprogress: ({ progress }) => steps.push(progress) });
      return steps.join(', ');
    },
  },
  cancel: {
    run: async (session, { events }) => {
      const canceller = new AbortController();
      const [started, cancelled] = [once(events, 'started'), once(events, 'cancelled')];
      const call = session.callTool('wait', { signal: canceller.signal });
      const ended = call.then(
        () => 'answered',
        () => 'cancelled',
      );
      await started;
      canceller.abort('enough');
      await cancelled;
      return `client: ${await ended}, server: cancelled`;
    },
  },
  sample: { run: session => session.callTool('test_sampling') },
  elicit: { run: session => session.callTool('test_elicitation') },
  resources: {
    run: async session => {
      const read = await Promise.all(
        ['test://static-text', 'test://static-binary', 'test://template/7/data'].map(uri => session.readResource(uri)),
      );
      return `${(await session.listResources()).length} listed; ${JSON.stringify(read).length} characters`;
    },
  },
  prompts: {
    run: async session => {
      const messages = await session.getPrompt('test_prompt_with_arguments', { arg1: 'a', arg2: 'b' });
      return `${(await session.listPrompts()).length > 0}; ${JSON.stringify(messages)}`;
    },
  },
  complete: { run: async session => (await session.complete()).join(', ') },
  'told of changes': {
    run: async session => {
      let told = 0;
      await session.watchTools(() => {
        told += 1;
      });
      // In older revisions the stream that tells of it may not be open yet.
      await eventually(
        async () => {
          await session.callTool('test_trigger_tool_change');
          return told > 0;
        },
        30_000,
        50,
      );
      return 'told';
    },
  },
  'resume (Last-Event-ID)': { run: session => session.callTool('test_reconnection'), only: ['Streamable HTTP'] },
  'end the session': {
    run: async session => {
      await session.end();
      return 'ended';
    },
    only: ['Streamable HTTP'],
  },
};
