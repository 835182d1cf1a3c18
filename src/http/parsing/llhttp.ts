/// <reference path="./llhttp-wasm.d.ts" />
/**
 * The only door to llhttp, the grammar of HTTP/1.1 that Node.js itself uses, in undici's WebAssembly build. Its lenient
 * switches are all off, which is their default.
 *
 * Nothing outside is called while WebAssembly runs: events only record offsets, so that a parser is never freed or entered
 * again from within.
 */

import bytes from 'undici/lib/llhttp/llhttp-wasm.js';

/** Types of parsers. */
export const REQUEST = 1;
export const RESPONSE = 2;

/** What `execute` returns. Every other number is an error of llhttp. */
export const OK = 0;
export const PAUSED = 21;
export const PAUSED_UPGRADE = 22;

/** Returned from `onHead`: no body follows as far as llhttp is concerned. */
export const SKIP_BODY = 1;

/** Offsets count from the first byte given to `execute`. A field or value that is cut by a segment comes in several spans. */
export interface ParserEvents {
  onTarget(start: number, end: number): void;
  onField(start: number, end: number): void;
  onValue(start: number, end: number): void;
  /** The head is whole. @returns 0, or `SKIP_BODY`. */
  onHead(major: number, minor: number, status: number): number;
  onBody(start: number, end: number): void;
  /** @returns `OK` or `PAUSED`. */
  onComplete(): number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly malloc: (size: number) => number;
  readonly free: (pointer: number) => void;
  readonly _initialize: () => void;
  readonly llhttp_alloc: (type: number) => number;
  readonly llhttp_free: (pointer: number) => void;
  readonly llhttp_reset: (pointer: number) => void;
  readonly llhttp_execute: (pointer: number, bytes: number, length: number) => number;
  readonly llhttp_get_error_pos: (pointer: number) => number;
  readonly llhttp_get_http_major: (pointer: number) => number;
  readonly llhttp_get_http_minor: (pointer: number) => number;
}

/** Those of the parser that runs. There is only one at a time, since events call nothing outside. */
let events: ParserEvents;
/** Where the input stands in WebAssembly's memory, and how much of it there is room for. */
let input = 0;
let room = 0;
let view = new Uint8Array();

type SpanEvent = 'onTarget' | 'onField' | 'onValue' | 'onBody';
const nothing = () => OK;
const span = (event: SpanEvent) => (_parser: number, at: number, length: number) => {
  events[event](at - input, at - input + length);
  return OK;
};

const llhttp = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
  env: {
    wasm_on_message_begin: nothing,
    wasm_on_status: nothing,
    wasm_on_url: span('onTarget'),
    wasm_on_header_field: span('onField'),
    wasm_on_header_value: span('onValue'),
    wasm_on_body: span('onBody'),
    wasm_on_headers_complete: (parser: number, status: number) =>
      events.onHead(llhttp.llhttp_get_http_major(parser), llhttp.llhttp_get_http_minor(parser), status),
    wasm_on_message_complete: () => events.onComplete(),
  },
}).exports as unknown as Exports;
llhttp._initialize();

/** One parser. It holds memory of WebAssembly, which no garbage collector frees: `free` must be called. */
export class Llhttp {
  #pointer: number;

  constructor(type: typeof REQUEST | typeof RESPONSE) {
    this.#pointer = llhttp.llhttp_alloc(type);
  }

  /** Forgets the message before. */
  reset(): void {
    llhttp.llhttp_reset(this.#pointer);
  }

  /** Reads on in the same message. @returns `OK`, `PAUSED`, `PAUSED_UPGRADE`, or an error. */
  execute(bytes: Uint8Array, receiver: ParserEvents): number {
    makeRoom(bytes.length);
    view.set(bytes);
    events = receiver;
    return llhttp.llhttp_execute(this.#pointer, input, bytes.length);
  }

  /** After `PAUSED`: the offset of the first byte that was not read. */
  get position(): number {
    return llhttp.llhttp_get_error_pos(this.#pointer) - input;
  }

  free(): void {
    if (this.#pointer !== 0) llhttp.llhttp_free(this.#pointer);
    this.#pointer = 0;
  }
}

/** Memory that has grown detaches every view of it. */
function makeRoom(length: number): void {
  if (length > room) {
    if (input !== 0) llhttp.free(input);
    room = Math.max(Math.ceil(length / 4_096) * 4_096, 65_536);
    input = llhttp.malloc(room);
    if (input === 0) throw new RangeError('llhttp is out of memory');
  }
  if (view.buffer !== llhttp.memory.buffer || view.byteOffset !== input || view.length !== room) {
    view = new Uint8Array(llhttp.memory.buffer, input, room);
  }
}
