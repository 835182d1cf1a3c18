/** A ClientHello of TLS 1.2 (RFC 5246 section 7.4.1.2), as no library sends it. */

/** @param name in its server_name extension (RFC 6066 section 3). @returns the record as Latin-1 text. */
export function createClientHello(name: string): string {
  const entry = `\x00${withLength(name, 2)}`;
  const serverName = `\x00\x00${withLength(withLength(entry, 2), 2)}`;
  const groups = `\x00\x0a${withLength(withLength('\x00\x1d\x00\x17', 2), 2)}`;
  const algorithms = `\x00\x0d${withLength(withLength('\x04\x03\x08\x04', 2), 2)}`;
  const ciphers = withLength('\xc0\x2b\xc0\x2f', 2);
  const extensions = withLength(serverName + groups + algorithms, 2);
  const hello = `\x03\x03${'r'.repeat(32)}\x00${ciphers}\x01\x00${extensions}`;
  return `\x16\x03\x01${withLength(`\x01${withLength(hello, 3)}`, 2)}`;
}

/** @returns `text` behind its length, of so many bytes. */
function withLength(text: string, bytes: number): string {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(text.length, 0, bytes);
  return length.toString('latin1') + text;
}
