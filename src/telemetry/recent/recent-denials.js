/** The latest denials, for the status page: with request id, host, path and client, which metrics do not have. */
import { actionOf, NO_ROUTE } from '../finished-request.js';
import { clientIdOf, cut } from './client-denials.js';
/** How many are kept by each process, and in the merged list of several. */
export const MOST_DENIALS = 200;
/** A ring buffer: the newest denial overwrites the oldest. */
export class RecentDenials {
    #ring = [];
    #next = 0;
    /** Keeps the denial of `request`, where it has one. */
    record(request) {
        if (!request.denial)
            return;
        this.#ring[this.#next] = describeDenial(request, request.denial);
        this.#next = (this.#next + 1) % MOST_DENIALS;
    }
    /** @returns the denials that are kept, newest first. */
    list() {
        return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse();
    }
}
function describeDenial(request, { reason, presented }) {
    return {
        at: Date.now(),
        requestId: request.requestId,
        route: request.route?.key ?? NO_ROUTE,
        reason,
        action: actionOf(request),
        status: request.status,
        method: cut(request.method),
        host: cut(request.host),
        path: cut(request.path),
        presented,
        issuer: request.verified?.issuer,
        clientId: request.verified && clientIdOf(request.verified),
    };
}
