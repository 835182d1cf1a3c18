/** Limits and callbacks that the connections of a server share. */
export const UNPARSED = {
    malformed: 'malformed_request',
    too_large: 'headers_too_large',
    version: 'version_not_supported',
};
