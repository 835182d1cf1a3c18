/** Parses what a gateway sends, as strictly as RFC 9112: what is not well-formed is a finding. */

export interface SeenResponse {
  readonly status: number;
  /** Status line and fields, Latin-1. */
  readonly head: string;
  body: string;
  /** `false` until all bytes have arrived. */
  complete: boolean;
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t ]?[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_SIZE = /^[0-9a-f]{1,8}$/i;

type Framing = { readonly kind: 'none' | 'chunks' | 'close' } | { readonly kind: 'length'; readonly length: number };

export class ResponseReader {
  /** The final responses; the last may be incomplete. A 101 ends the list. */
  readonly responses: SeenResponse[] = [];
  /** Why the bytes are not well-formed. */
  fault: string | undefined;
  /** After a 101: what follows is not HTTP. */
  upgraded = false;
  readonly #methods: readonly string[];
  #rest = '';
  #current: { readonly response: SeenResponse; readonly framing: Framing } | undefined;

  /** @param methods of the requests in order, GET where there are more: a response to HEAD has no body. */
  constructor(methods: readonly string[]) {
    this.#methods = methods;
  }

  get completed(): number {
    return this.responses.filter(response => response.complete).length;
  }

  /** What came behind a 101. */
  get tunnelled(): string {
    return this.upgraded ? this.#rest : '';
  }

  push(bytes: Buffer): void {
    if (this.fault) return;
    this.#rest += bytes.toString('latin1');
    while (this.#step());
  }

  /** The peer ended the connection: bytes of an incomplete head, or of none, are a finding. */
  end(inOrder: boolean): void {
    if (this.#current?.framing.kind === 'close' && inOrder) this.#finish();
    else if (inOrder && !this.#current && this.#rest !== '' && !this.upgraded)
      this.fault ??= 'the head of a response was cut';
  }

  #step(): boolean {
    if (this.fault !== undefined || this.upgraded) return false;
    return this.#current ? this.#readBody(this.#current) : this.#readHead();
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end < 0) return this.#checkStart();
    const head = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 4);
    const [statusLine = '', ...fields] = head.split('\r\n');
    const status = Number(STATUS_LINE.exec(statusLine)?.[1]);
    const bad = fields.find(field => !FIELD.test(field));
    if (!status) return this.#fail(`not a status line: ${statusLine.slice(0, 80)}`);
    if (bad !== undefined) return this.#fail(`not a field: ${bad.slice(0, 80)}`);
    if (status > 101 && status < 200) return true;
    if (status === 100) return true;
    const response = { status, head, body: '', complete: false };
    const framing = this.#frame(status, fields);
    this.responses.push(response);
    if (!framing) return this.#fail('two framings');
    this.#current = { response, framing };
    this.upgraded = status === 101;
    if (framing.kind === 'none') this.#finish();
    return true;
  }

  #checkStart(): boolean {
    const start = 'HTTP/1.1 ';
    if (!this.#rest.startsWith(start.slice(0, this.#rest.length)))
      return this.#fail(`bytes that are no response: ${this.#rest.slice(0, 80)}`);
    return false;
  }

  /** RFC 9112 section 6.3. */
  #frame(status: number, fields: readonly string[]): Framing | undefined {
    const valuesOf = (name: string) =>
      fields
        .filter(field => field.toLowerCase().startsWith(`${name}:`))
        .map(field => field.slice(name.length + 1).trim());
    const lengths = valuesOf('content-length');
    const codings = valuesOf('transfer-encoding');
    if (lengths.length + codings.length > 1) return undefined;
    const method = this.#methods[this.responses.length];
    if (method === 'HEAD' || status === 204 || status === 304 || status === 101) return { kind: 'none' };
    if (codings.length === 1) return codings[0] === 'chunked' ? { kind: 'chunks' } : undefined;
    if (lengths.length === 0) return { kind: 'close' };
    return /^\d+$/.test(lengths[0] ?? '') ? { kind: 'length', length: Number(lengths[0]) } : undefined;
  }

  #readBody({ response, framing }: { readonly response: SeenResponse; readonly framing: Framing }): boolean {
    if (framing.kind === 'chunks') return this.#readChunk(response);
    const wanted = framing.kind === 'length' ? framing.length - response.body.length : Number.POSITIVE_INFINITY;
    response.body += this.#rest.slice(0, wanted);
    this.#rest = this.#rest.slice(wanted);
    if (framing.kind !== 'length' || response.body.length < framing.length) return false;
    this.#finish();
    return true;
  }

  #readChunk(response: SeenResponse): boolean {
    const end = this.#rest.indexOf('\r\n');
    if (end < 0) return this.#rest.length > 10 ? this.#fail('no end of a chunk size') : false;
    const size = this.#rest.slice(0, end);
    if (!CHUNK_SIZE.test(size)) return this.#fail(`not a chunk size: ${size.slice(0, 40)}`);
    const length = Number.parseInt(size, 16);
    const next = end + 2 + length + 2;
    if (this.#rest.length < next) return false;
    if (this.#rest.slice(next - 2, next) !== '\r\n') return this.#fail('no line end behind a chunk');
    response.body += this.#rest.slice(end + 2, end + 2 + length);
    this.#rest = this.#rest.slice(next);
    if (length === 0) this.#finish();
    return true;
  }

  #finish(): void {
    if (this.#current) this.#current.response.complete = true;
    this.#current = undefined;
  }

  #fail(fault: string): false {
    this.fault = fault;
    return false;
  }
}
