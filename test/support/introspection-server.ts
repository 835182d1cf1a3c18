/** An introspection endpoint (RFC 7662) on loopback that answers what the test says, and records what it was asked. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { listenOnLoopback } from './listener.ts';

export interface Question {
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
  /** The subject of the client's certificate, where TLS asked for one. */
  readonly certificate: string | undefined;
}

export type Members = Readonly<Record<string, unknown>>;

export interface IntrospectionServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly endpoint: string;
  /** By token: the members of the answer. Any other token is `{ active: false }`. */
  readonly tokens: Map<string, Members>;
  readonly questions: readonly Question[];
  /** Replaces the answer; `undefined` for the usual one. */
  answer: ((response: ServerResponse, question: Question) => void) | undefined;
  /** @returns the questions, once there are `count` of them. */
  asked(count: number): Promise<readonly Question[]>;
  close(): Promise<void>;
}

/** @param tls makes it an https server that asks for a certificate of the client. */
export async function startIntrospectionServer(tls?: {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}): Promise<IntrospectionServer> {
  const questions: Question[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const question = await readQuestion(request);
    questions.push(question);
    server.emit('question');
    if (endpoint.answer) return endpoint.answer(response, question);
    const members = endpoint.tokens.get(question.form.get('token') ?? '') ?? { active: false };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(members));
  };
  const server = tls ? createTlsServer({ ...tls, requestCert: true }, handle) : createServer(handle);
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${await listenOnLoopback(server)}`;
  const endpoint: IntrospectionServer = {
    origin,
    endpoint: `${origin}/introspect`,
    tokens: new Map(),
    questions,
    answer: undefined,
    asked: async count => {
      while (questions.length < count) await once(server, 'question');
      return questions;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return endpoint;
}

async function readQuestion(request: IncomingMessage): Promise<Question> {
  const socket = request.socket as Partial<TLSSocket>;
  return {
    headers: request.headers,
    form: new URLSearchParams(await text(request)),
    certificate: socket.authorized === true ? String(socket.getPeerCertificate?.().subject.CN) : undefined,
  };
}
