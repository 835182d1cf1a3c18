/** Bodies, tool rules, and connections that become WebSockets. */

import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { formatChunks, type HeaderPair } from '../../../support/raw-http.ts';
import { type Answer, HOST, problemOf, resourceOf, send, textOf, valuesLike, type World } from '../world.ts';
import type { Case } from './case.ts';
import { tokenFor } from './decisions.ts';

const JSON_TYPE: HeaderPair = ['Content-Type', 'application/json'];
const LARGE = 'audgate '.repeat(40_000);

function callTool(world: World, name: string, { token, padding = '' }: { token: string; padding?: string }) {
  const params = { name, arguments: { padding } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  return send(world, '/mcp', { method: 'POST', token, headers: [JSON_TYPE], body });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function mcpToken(world: World): Promise<string> {
  return world.issuer.sign({ claims: { aud: resourceOf('mcp'), sub: 'alice' } });
}

function hashOf({ received }: Answer): string | undefined {
  return received[0]?.body?.sha256;
}

export const MESSAGES: readonly Case[] = [
  {
    name: 'bodies',
    expected: 'arrive whole: 320 kB, in chunks, and with Expect: 100-continue',
    run: async world => {
      const token = await tokenFor(world, 'billing', { sub: 'alice' });
      const post = (headers: readonly HeaderPair[], body: string) =>
        send(world, '/billing/invoices', { method: 'POST', token, headers, body });
      const large = await post([], LARGE);
      expect({ status: large.status, hash: hashOf(large) }).toEqual({ status: 200, hash: sha256(LARGE) });
      const chunked = await post([['Transfer-Encoding', 'chunked']], formatChunks('first', LARGE, 'last'));
      expect({ status: chunked.status, hash: hashOf(chunked) }).toEqual({
        ...{ status: 200, hash: sha256(`first${LARGE}last`) },
      });
      const expecting = await post([['Expect', '100-continue']], 'small');
      expect({ status: expecting.status, hash: hashOf(expecting) }).toEqual({ status: 200, hash: sha256('small') });
      return 'whole';
    },
  },
  {
    name: 'tool that is allowed',
    expected: 'forwarded where the proxy sends the body, else 413',
    run: async world => {
      const token = await mcpToken(world);
      const answer = await callTool(world, 'list_users', { token });
      if (!world.kind.sendsBody) {
        expect(answer).toMatchObject({ status: 413, received: [] });
        expect(problemOf(answer)).toMatchObject({ status: 413, reason: 'body_too_large' });
        return '413';
      }
      expect(answer).toMatchObject({ status: 200, received: [{ method: 'POST', url: '/mcp' }] });
      expect(answer.received[0]?.body?.text).toContain('list_users');
      expect(answer.received.flatMap(seen => valuesLike(seen, 'x-user'))).toEqual(['alice']);
      return '200';
    },
  },
  {
    name: 'tool without its scope',
    expected: '403 with the challenge where the proxy sends the body, else 413',
    run: async world => {
      const answer = await callTool(world, 'delete_user', { token: await mcpToken(world) });
      expect(answer.received).toEqual([]);
      if (!world.kind.sendsBody) return String(answer.status);
      expect(answer.status).toBe(403);
      expect(textOf(answer, 'www-authenticate')).toContain('scope="users:admin"');
      return '403 + challenge';
    },
  },
  {
    name: 'tool call beyond 4 MiB',
    expected: 'refused',
    run: async world => {
      // Without being asked for the body, the others refuse at once, and some close on a client that still sends.
      if (!world.kind.sendsBody) return 'no body is sent';
      const answer = await callTool(world, 'list_users', {
        token: await mcpToken(world),
        padding: 'x'.repeat(4_200_000),
      });
      expect(answer.received).toEqual([]);
      expect(answer.status).toBe(world.kind.name === 'Traefik' ? 401 : 413);
      return String(answer.status);
    },
  },
  {
    name: 'MCP: Origin, revision',
    expected: 'a foreign page and an unknown revision are refused, a GET is forwarded',
    run: async world => {
      const token = await mcpToken(world);
      const get = (name: string, value: string) => send(world, '/mcp', { token, headers: [[name, value]] });
      const foreign = await get('Origin', 'https://evil.example');
      expect(foreign).toMatchObject({ status: 403, received: [] });
      expect(problemOf(foreign)).toMatchObject({ reason: 'origin_not_allowed' });
      const unknown = await get('MCP-Protocol-Version', '1999-01-01');
      expect(unknown).toMatchObject({ status: 400, received: [] });
      expect(problemOf(unknown)).toMatchObject({ reason: 'malformed_request' });
      expect(await get('Origin', `https://${HOST}`)).toMatchObject({ status: 200, received: [{ url: '/mcp' }] });
      return '403, 400, 200';
    },
  },
  {
    name: 'WebSocket',
    expected: 'opens with the right token alone, and never to an MCP server with tool rules',
    run: async world => {
      const before = world.api.received.length;
      expect(await openAndEcho(world, await tokenFor(world, 'billing', { sub: 'alice' }))).toBe('echo: hello');
      const [seen] = world.api.received.slice(before);
      expect(seen && valuesLike(seen, 'x-user')).toEqual(['alice']);
      expect(seen && valuesLike(seen, 'authorization')).toEqual([]);
      expect(await openAndEcho(world, await tokenFor(world, 'profile'))).toBe('401');
      expect(await openAndEcho(world)).toBe('401');
      expect(world.api.received.length).toBe(before + 1);
      // Tool calls in it would be judged by nobody.
      expect(await openAndEcho(world, await tokenFor(world, 'mcp'), '/mcp')).toMatch(/^40[03]$/);
      expect(world.api.received.length).toBe(before + 1);
      // A server with rules of its own could take this for a handshake.
      const headers: HeaderPair[] = [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ];
      const { received } = await send(world, '/mcp', { token: await tokenFor(world, 'mcp'), headers });
      expect(received.flatMap(request => valuesLike(request, 'upgrade'))).toEqual([]);
      return '101';
    },
  },
];

/** @returns what came back for `hello`, or the status of the refusal. */
function openAndEcho({ proxy }: World, token?: string, path = '/billing/live'): Promise<string> {
  const headers = { Host: HOST, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}${path}`, { headers });
  return new Promise((resolve, reject) => {
    socket.on('open', () => socket.send('hello'));
    socket.on('message', data => {
      resolve(`echo: ${data}`);
      socket.close();
    });
    socket.on('unexpected-response', (_request, response) => {
      resolve(String(response.statusCode));
      socket.terminate();
    });
    socket.on('error', reject);
  });
}
