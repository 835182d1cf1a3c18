/** What the status page is made of, beside the configuration: metrics, latest denials, recent traffic and keys. */
import { mergeEndpointStatus } from './merged/endpoint-status.js';
/** @returns the report of this process as of now. */
export async function createReport(telemetry, state) {
    const { metrics, denials, traffic } = telemetry;
    const { keySets } = state;
    const upstreams = mergeEndpointStatus(state.upstreams);
    return { metrics: await metrics.list(), denials: denials.list(), keySets, upstreams, traffic: traffic.list() };
}
