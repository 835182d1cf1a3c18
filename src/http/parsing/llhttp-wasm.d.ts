/** undici's build of llhttp as it is published: the bytes of a WebAssembly module. undici declares no types for this file. */
declare module 'undici/lib/llhttp/llhttp-wasm.js' {
  const bytes: Buffer<ArrayBuffer>;
  export = bytes;
}

/** The part of the WebAssembly JavaScript Interface that is used; Node.js's types leave it to those of browsers. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Buffer<ArrayBuffer>);
  }
  class Instance {
    readonly exports: object;
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
}
