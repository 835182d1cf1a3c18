/** The same ordinary messages through the built gateway: each request reaches the upstream as it was meant, each response the client. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWatchedGateway, type WatchedGateway } from '../fuzz/watched-gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { RawClient } from './client.ts';
import { type Ordinary, requests, responses } from './ordinary/messages.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';

let honest: Upstream;
let scripted: ScriptedUpstream;
let gateway: WatchedGateway;

beforeAll(async () => {
  honest = await startUpstream();
  honest.handle = async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    response.setHeader('X-Method', request.method ?? '').end(Buffer.concat(pieces));
  };
  scripted = await ScriptedUpstream.listen();
  gateway = await startWatchedGateway(`
routes:
  /: { public: true, upstream: '${honest.origin}' }
  /scripted: { public: true, upstream: 'http://127.0.0.1:${scripted.port}' }
`);
});
afterAll(async () => {
  gateway.kill();
  await Promise.all([honest.close(), scripted.close()]);
});

/** @returns the final response. */
async function ask(text: string, method: string) {
  const client = await RawClient.open(gateway.port, text);
  try {
    // The interim responses before it are whole, too.
    for (let count = 1; ; count += 1) {
      const final = (await client.wholeResponses(count, [method])).find(({ status }) => status >= 200);
      if (final) return final;
    }
  } finally {
    client.destroy();
  }
}

test.each(requests)('request, $name: the upstream has it', async ({ text, method, body }: Ordinary) => {
  const { status, headers, body: echoed } = await ask(text, method);
  // RFC 9110 section 9.3.7: it is about the gateway itself, which is no resource of any route.
  if (text.includes('OPTIONS * ')) expect(status).toBe(404);
  else {
    const told = headers.find(([name]) => name.toLowerCase() === 'x-method')?.[1];
    expect([status, told, echoed.toString('latin1')]).toEqual([200, method, method === 'HEAD' ? '' : body]);
  }
});

test.each(responses)('response, $name: the client has it', async ({ text, method, body }: Ordinary) => {
  const status = Number(/(?:^|\r\n)HTTP\/1\.[01] ([2-9]\d\d)/.exec(text)?.[1]);
  const isUntilClose = !/\r\n(?:content-length|transfer-encoding):/i.test(text);
  scripted.onData = ({ socket }) => {
    socket.write(text, 'latin1');
    if (isUntilClose) socket.end();
  };
  const response = await ask(`${method} /scripted HTTP/1.1\r\nHost: a\r\n\r\n`, method);
  expect([response.status, response.body.toString('latin1')]).toEqual([status, body]);
  await scripted.reset();
});
