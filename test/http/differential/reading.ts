/** What `src/http` reads in a stream of bytes, without a socket: for comparing with what others read. */

import type { Socket } from 'node:net';
import { ResponseReader } from '../../../src/http/client/response-reader.ts';
import { type HeaderList, reduceFields } from '../../../src/http/header-list.ts';
import { ParseError } from '../../../src/http/parsing/parse-error.ts';
import { RequestInput } from '../../../src/http/server/request-input.ts';

export interface ReadMessage {
  /** Method and target, or the status. */
  readonly start: string;
  /** `name: value`, the name in lower case. */
  readonly fields: readonly string[];
  body: string;
  isComplete: boolean;
}

export interface Reading {
  readonly messages: ReadMessage[];
  /** Whether something was refused, behind the messages. */
  fault: string | undefined;
}

const LIMIT = 16 * 1024;

export function readRequests(pieces: readonly Buffer[]): Reading {
  const reading: Reading = { messages: [], fault: undefined };
  const last = () => reading.messages.at(-1) as ReadMessage;
  const finish = () => {
    last().isComplete = true;
    queue.push(() => input.next());
  };
  const queue: (() => void)[] = [];
  const socket = { pause: () => undefined, resume: () => undefined } as unknown as Socket;
  const input: RequestInput = new RequestInput(socket, LIMIT, {
    onHead: head => {
      reading.messages.push(createMessage(`${head.method} ${head.target} ${head.version}`, head.fields));
      if (head.body === 'none' || head.body === 0) finish();
      else input.takeBody();
    },
    onBody: piece => {
      last().body += piece.toString('latin1');
    },
    onBodyEnd: finish,
    onDropped: () => undefined,
    onFault: fault => {
      reading.fault = fault;
    },
  });
  for (const piece of pieces) {
    input.receive(piece);
    for (let next = queue.shift(); next; next = queue.shift()) next();
  }
  if (input.isInHead) reading.fault ??= 'cut';
  input.close();
  return reading;
}

/** @param isClosed whether the connection ends behind the bytes. */
export function readResponse(
  pieces: readonly Buffer[],
  method: string,
  isClosed: boolean,
): Reading & { rest: boolean } {
  const reading: Reading & { rest: boolean } = { messages: [], fault: undefined, rest: false };
  const last = () => reading.messages.at(-1) as ReadMessage;
  const reader = new ResponseReader(LIMIT, {
    onInterim: () => undefined,
    onSwitch: () => {
      throw new ParseError('malformed');
    },
    onHead: head => reading.messages.push(createMessage(String(head.status), head.fields)),
    onPiece: piece => {
      last().body += piece.toString('latin1');
    },
    onComplete: isExact => {
      last().isComplete = true;
      reading.rest = !isExact;
      reader.stop();
    },
  });
  reader.expect(method);
  try {
    for (const piece of pieces) reader.read(piece);
    if (isClosed) reader.end();
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    reading.fault = error.fault;
  }
  reader.close();
  return reading;
}

function createMessage(start: string, list: HeaderList): ReadMessage {
  const fields = reduceFields(
    list,
    (read, name, value) => [...read, `${name.toLowerCase()}: ${value}`],
    [] as string[],
  );
  return { start, fields, body: '', isComplete: false };
}

/** @returns `bytes` in one piece, in single bytes, and cut at each of `places`. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.filter(place => place > 0 && place < bytes.length))].sort((a, b) => a - b);
  return [0, ...ends].map((from, index) => bytes.subarray(from, ends[index] ?? bytes.length));
}
