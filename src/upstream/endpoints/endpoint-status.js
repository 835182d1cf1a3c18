/** What one process, or all of them, know of the endpoints of upstreams that have several: for the status page and the metrics. */
/** @returns the status of each member; several may have one label. */
export function listEndpointStatus(members) {
    const now = performance.now();
    return Array.from(members, member => statusOf(member, now));
}
function statusOf({ endpoint: { label }, pool: { availability } }, now) {
    const { cause } = availability;
    const leftOutSeconds = Math.ceil(availability.pauseAt(now) / 100) / 10;
    return { upstream: label, ...(cause && { cause }), leftOutSeconds };
}
