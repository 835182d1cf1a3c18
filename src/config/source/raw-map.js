/** @returns whether `value` is a map. */
export function isRawMap(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
