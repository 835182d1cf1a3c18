/** The label `status`: a code of the IANA HTTP Status Code Registry (RFC 9110 section 16.2), else its class, so that it is bounded. */
const REGISTERED = new Set([
    ...[100, 101, 102, 103],
    ...[200, 201, 202, 203, 204, 205, 206, 207, 208, 226],
    ...[300, 301, 302, 303, 304, 305, 306, 307, 308],
    ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418],
    ...[421, 422, 423, 424, 425, 426, 428, 429, 431, 451],
    ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
]);
/** @returns `status`, or its class for one that is not registered: `2xx` for 299, `4xx` for our own 499. */
export function statusLabel(status) {
    return REGISTERED.has(status) ? String(status) : statusClass(status);
}
/** @returns the class of a status of three digits (RFC 9110 section 15). */
export function statusClass(status) {
    return `${Math.floor(status / 100)}xx`;
}
