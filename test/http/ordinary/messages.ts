/**
 * Ordinary messages, and odd ones that are legal, in the form in which clients and servers in use write them: all of them must be
 * accepted.
 */

import { CLIENTS } from './clients.ts';
import { ODD_REQUESTS } from './odd-requests.ts';
import { SERVERS } from './servers.ts';

const linesOf = (...lines: readonly string[]) => [...lines, '', ''].join('\r\n');

export interface Ordinary {
  readonly name: string;
  readonly text: string;
  /** Of the request. */
  readonly method: string;
  readonly body: string;
}

/** Ways to frame a body, as a line of the head and what follows it. */
const BODIES: readonly (readonly [name: string, line: string | undefined, content: string, body: string])[] = [
  ['a length', 'Content-Length: 5', 'hello', 'hello'],
  ['a length of 0', 'content-length:0', '', ''],
  ['chunks', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['Chunked, zeros, capital hex', 'transfer-encoding: Chunked', '0000000A\r\nhellohello\r\n00\r\n\r\n', 'hellohello'],
  [
    'extensions and trailers',
    'Transfer-Encoding: chunked',
    '5;chunk-signature=0a1b\r\nhello\r\n0;x="y"\r\nX-Sum: 1\r\n\r\n',
    'hello',
  ],
];

const framedRequests: readonly Ordinary[] = Object.entries(CLIENTS).flatMap(([client, fields]) => {
  const head = (line: string, ...more: readonly string[]) => linesOf(line, 'Host: a.example:8443', ...fields, ...more);
  const plain = ['GET /a/b?c=d&e=%20 HTTP/1.1', 'HEAD / HTTP/1.1', 'DELETE /x HTTP/1.1', 'OPTIONS * HTTP/1.1'];
  const bodies = BODIES.map(([name, line = '', content, body]) => ({
    name: `${client}: POST, ${name}`,
    text: `${head('POST /a HTTP/1.1', line)}${content}`,
    method: 'POST',
    body,
  }));
  const methodOf = (line: string) => line.slice(0, line.indexOf(' '));
  const bare = plain.map(line => ({ name: `${client}: ${line}`, text: head(line), method: methodOf(line), body: '' }));
  return [...bare, ...bodies];
});

const oddRequests: readonly Ordinary[] = Object.entries(ODD_REQUESTS).map(([name, request]) => ({ name, ...request }));

export const requests: readonly Ordinary[] = [...framedRequests, ...oddRequests];

export const responses: readonly Ordinary[] = Object.entries(SERVERS).flatMap(([server, head]) => {
  // HTTP/1.0 knows no transfer codings.
  const isOld = head[0]?.startsWith('HTTP/1.0');
  const framed = BODIES.filter(([, line]) => !isOld || !/transfer-encoding/i.test(line ?? ''));
  const bodies = framed.map(([name, line = '', content, body]) => ({
    name: `${server}: ${name}`,
    text: `${linesOf(...head, line)}${content}`,
    method: 'GET',
    body,
  }));
  const bare = linesOf(...head);
  return [
    ...bodies,
    { name: `${server}: until the connection ends`, text: `${bare}hello`, method: 'GET', body: 'hello' },
    { name: `${server}: to HEAD`, text: linesOf(...head, 'Content-Length: 5'), method: 'HEAD', body: '' },
    {
      name: `${server}: 304`,
      text: linesOf(
        'HTTP/1.1 304 Not Modified',
        ...head.slice(-2).filter(line => !line.startsWith('HTTP/') && line !== ''),
      ),
      method: 'GET',
      body: '',
    },
  ];
});
