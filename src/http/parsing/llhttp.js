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
/** Those of the parser that runs. There is only one at a time, since events call nothing outside. */
let events;
/** Where the input stands in WebAssembly's memory, and how much of it there is room for. */
let input = 0;
let room = 0;
let view = new Uint8Array();
const nothing = () => OK;
const span = (event) => (_parser, at, length) => {
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
        wasm_on_headers_complete: (parser, status) => events.onHead(llhttp.llhttp_get_http_major(parser), llhttp.llhttp_get_http_minor(parser), status),
        wasm_on_message_complete: () => events.onComplete(),
    },
}).exports;
llhttp._initialize();
/** One parser. It holds memory of WebAssembly, which no garbage collector frees: `free` must be called. */
export class Llhttp {
    #pointer;
    constructor(type) {
        this.#pointer = llhttp.llhttp_alloc(type);
    }
    /** Forgets the message before. */
    reset() {
        llhttp.llhttp_reset(this.#pointer);
    }
    /** Reads on in the same message. @returns `OK`, `PAUSED`, `PAUSED_UPGRADE`, or an error. */
    execute(bytes, receiver) {
        makeRoom(bytes.length);
        view.set(bytes);
        events = receiver;
        return llhttp.llhttp_execute(this.#pointer, input, bytes.length);
    }
    /** After `PAUSED`: the offset of the first byte that was not read. */
    get position() {
        return llhttp.llhttp_get_error_pos(this.#pointer) - input;
    }
    free() {
        if (this.#pointer !== 0)
            llhttp.llhttp_free(this.#pointer);
        this.#pointer = 0;
    }
}
/** Memory that has grown detaches every view of it. */
function makeRoom(length) {
    if (length > room) {
        if (input !== 0)
            llhttp.free(input);
        room = Math.max(Math.ceil(length / 4_096) * 4_096, 65_536);
        input = llhttp.malloc(room);
        if (input === 0)
            throw new RangeError('llhttp is out of memory');
    }
    if (view.buffer !== llhttp.memory.buffer || view.byteOffset !== input || view.length !== room) {
        view = new Uint8Array(llhttp.memory.buffer, input, room);
    }
}
