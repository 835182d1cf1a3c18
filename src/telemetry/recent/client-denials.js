/**
 * Denials by client, for clients of verified tokens. Where clients register themselves with an issuer, their ids are
 * unbounded in number and length: so ids are cut, and the 200 clients with the most denials are kept.
 */
import { readClient } from '../../token/client.js';
import { actionOf, NO_ROUTE } from '../finished-request.js';
import { FrequentKeys } from './frequent-keys.js';
import { RecentCounts } from './recent-counts.js';
/** How many clients are kept by each process, and in the merged list of several. */
export const MOST_CLIENTS = 200;
/** How many combinations of route, reason and action are kept of one client. */
export const MOST_DETAILS = 12;
/** Characters, so that a caller cannot fill the status page. */
const LONGEST_TEXT = 256;
const ACTIONS = ['refused', 'forwarded'];
export class ClientDenialCounter {
    #clients = new FrequentKeys(MOST_CLIENTS);
    /** Counts the denial of `request`, where its token verified. @param now as for RecentCounts. */
    record(request, now) {
        const { denial, verified } = request;
        if (!denial || !verified)
            return;
        const clientId = clientIdOf(verified);
        const client = this.#clients.touch(nameClient(verified.issuer, clientId), () => ({
            issuer: verified.issuer,
            clientId,
            counts: { refused: 0, forwarded: 0 },
            recent: new RecentCounts(ACTIONS.length, now),
            lastAt: 0,
            details: new FrequentKeys(MOST_DETAILS),
        }));
        const action = actionOf(request);
        const route = request.route?.key ?? NO_ROUTE;
        client.counts[action] += 1;
        client.recent.add(ACTIONS.indexOf(action), now);
        client.lastAt = Date.now();
        const key = nameDetail({ route, reason: denial.reason, action });
        client.details.touch(key, () => ({ route, reason: denial.reason, action, count: 0 })).count += 1;
    }
    list(now) {
        const clients = this.#clients.values().map(({ issuer, clientId, counts, recent, lastAt, details }) => ({
            ...{ issuer, clientId, lastAt },
            refused: counts.refused,
            reported: counts.forwarded,
            windows: recent.list(now),
            details: details.values().toSorted((a, b) => b.count - a.count),
        }));
        return clients.sort(byCount);
    }
}
/** @returns the clients of several processes merged into one list, most denials first. */
export function mergeClients(lists) {
    const merged = new Map();
    for (const client of lists.flat()) {
        const name = nameClient(client.issuer, client.clientId);
        const other = merged.get(name);
        merged.set(name, other ? addClient(other, client) : client);
    }
    return [...merged.values()].sort(byCount).slice(0, MOST_CLIENTS);
}
/** @returns the client that the token was issued to, cut; `undefined` where the token names none. */
export function clientIdOf({ claims }) {
    const client = readClient(claims);
    return client === undefined ? undefined : cut(client);
}
export function cut(text) {
    return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
/** @returns the sums of two windows. */
export function addWindows(a, b) {
    const add = (one, other) => one.map((count, index) => count + (other[index] ?? 0));
    return { hour: add(a.hour, b.hour), day: add(a.day, b.day) };
}
function addClient(a, b) {
    const details = new Map();
    for (const detail of [...a.details, ...b.details]) {
        const count = (details.get(nameDetail(detail))?.count ?? 0) + detail.count;
        details.set(nameDetail(detail), { ...detail, count });
    }
    return {
        ...a,
        refused: a.refused + b.refused,
        reported: a.reported + b.reported,
        windows: addWindows(a.windows, b.windows),
        lastAt: Math.max(a.lastAt, b.lastAt),
        details: [...details.values()].sort((one, other) => other.count - one.count).slice(0, MOST_DETAILS),
    };
}
function byCount(a, b) {
    return b.refused + b.reported - (a.refused + a.reported);
}
function nameClient(issuer, clientId) {
    // An issuer is a key of the configuration and has no NUL, so no two pairs give the same name.
    return `${clientId === undefined ? '-' : `+${clientId}`}\0${issuer}`;
}
function nameDetail({ route, reason, action }) {
    return `${action} ${reason} ${route}`;
}
