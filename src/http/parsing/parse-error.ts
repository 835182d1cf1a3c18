/** Input that is refused. Never with a message: those of parsers quote what they read. */

export type ParseFault = 'malformed' | 'too_large' | 'version';

export class ParseError extends Error {
  readonly fault: ParseFault;

  constructor(fault: ParseFault) {
    super(fault);
    this.fault = fault;
  }
}
