/** Input that is refused. Never with a message: those of parsers quote what they read. */
export class ParseError extends Error {
    fault;
    constructor(fault) {
        super(fault);
        this.fault = fault;
    }
}
