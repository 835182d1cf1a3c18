/** The listener of `admin`: bounded, so that its clients take neither descriptors nor memory from the data path. */
import { createServer } from 'node:http';
import { ParserInput } from './parser-input.js';
/** Enough for some of each Prometheus, load balancer and browser. */
const CONNECTIONS = 100;
const CHECK_INTERVAL = 1_000;
/** Milliseconds for a request to arrive. */
const REQUEST_TIME = 10_000;
const KEEP_ALIVE = 75_000;
/** Milliseconds without a byte in either direction. */
const SILENCE = 120_000;
/** Milliseconds for a connection to send a request before it counts as idle: a probe sends its own at once. */
const FIRST_REQUEST_TIME = 100;
/**
 * @returns a server that serves one request of a connection at a time, and keeps 100 connections. One more replaces the one
 *   that has been idle longest, or, where none is idle, the one that was used least recently: clients that hold connections
 *   open, or read in a loop, do not lock probes out.
 */
export function createAdminServer(handle) {
    const connections = new Map();
    const server = createServer({
        connectionsCheckingInterval: CHECK_INTERVAL,
        headersTimeout: REQUEST_TIME,
        requestTimeout: REQUEST_TIME,
        keepAliveTimeout: KEEP_ALIVE,
    });
    server.timeout = SILENCE;
    server.on('connection', (socket) => {
        if (connections.size >= CONNECTIONS)
            findDispensable(connections)?.destroy();
        const input = new ParserInput(socket, () => connections.get(socket)?.request);
        connections.set(socket, { input, usedAt: performance.now(), request: undefined });
        socket.once('close', () => connections.delete(socket));
    });
    server.on('request', (request, response) => {
        const connection = connections.get(request.socket);
        if (!connection)
            return;
        connection.request = request;
        response.once('close', () => finish(connections, connection, request));
        handle(request, response);
    });
    return server;
}
function finish(connections, connection, { socket }) {
    if (!connections.delete(socket))
        return;
    connection.request = undefined;
    connection.usedAt = performance.now();
    connections.set(socket, connection);
    connection.input.continue();
}
/** @returns the least recently used connection of the idle ones, else of all. */
function findDispensable(connections) {
    const idleSince = performance.now() - FIRST_REQUEST_TIME;
    let first;
    for (const [socket, { request, usedAt }] of connections) {
        if (socket.destroyed)
            continue;
        if (!request && usedAt < idleSince)
            return socket;
        first ??= socket;
    }
    return first;
}
