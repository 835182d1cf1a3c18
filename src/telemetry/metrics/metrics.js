/** What a process counts and measures. A label value is from the configuration or a closed list, never from a caller. */
import { mergeEndpointStatus } from '../merged/endpoint-status.js';
import { Counts } from './counts.js';
import { writeMetrics } from './exposition.js';
import { listGauges } from './gauges.js';
import { OpenConnections } from './open-connections.js';
import { RequestCounter } from './request-counter.js';
import { createRuntimeRegistry, mergeRuntime } from './runtime-metrics.js';
import { takeSnapshot } from './snapshot.js';
import { CONTENT_TYPE, writeInSteps } from './text-format.js';
import { ZeroSeries } from './zero-series.js';
export class Metrics {
    counts = new Counts();
    #requests = new RequestCounter(this.counts);
    #sources;
    #runtime = createRuntimeRegistry();
    #connections = new OpenConnections();
    #zeros = new ZeroSeries([], new Map(), [], []);
    #audiences = new Map();
    /** Seconds since the epoch. */
    #loadedAt = 0;
    #certificates = [];
    constructor(sources) {
        this.#sources = sources;
    }
    /** Sets the configuration in use: its series begin at 0, and series that it cannot count are dropped. */
    configure(routes, index, issuers, certificates = []) {
        this.#certificates = certificates;
        const introspecting = issuers.filter(({ introspection }) => introspection !== undefined);
        const namesOf = (list) => list.map(({ issuer }) => issuer);
        this.#zeros = new ZeroSeries(routes, index, namesOf(issuers), namesOf(introspecting));
        this.#audiences = index;
        this.dropUnused(this.counts);
        this.#requests.recountSeries();
    }
    /** Drops from `counts` what the configuration in use cannot count. */
    dropUnused(counts) {
        counts.dropUnused(this.#zeros.inUse());
    }
    /** Counts one request. Called once, when its response has closed. */
    record(request) {
        this.#requests.record(request, this.#audiences);
    }
    recordCacheLookup(outcome) {
        this.#count('cacheLookups', [outcome]);
    }
    recordJwksFetch(issuer, outcome) {
        this.counts.touch('issuer', issuer).count('jwksFetches', [outcome]);
    }
    recordIntrospection(issuer, outcome) {
        this.counts.touch('issuer', issuer).count('introspections', [outcome]);
    }
    /** Counts a client's connection until it closes. */
    trackConnection(socket) {
        this.#connections.track(socket);
    }
    /** Counts a client's connection as upgraded from here on. */
    trackTunnel(socket) {
        this.#connections.trackUpgraded(socket);
    }
    /** Counts a connection, or a stream on one, that the gateway ended. */
    recordEnded(cause) {
        this.#count('ended', [cause]);
    }
    recordHandshakeFailure(cause) {
        this.#count('handshakeFailures', [cause]);
    }
    recordWorkerRestart() {
        this.#count('restarts', []);
    }
    recordDroppedLine() {
        this.#count('droppedLines', []);
    }
    /** Sets the time of the load. The load at the start does not count as a reload. */
    recordLoad() {
        this.#loadedAt = Date.now() / 1000;
    }
    recordReload(outcome) {
        this.#count('reloads', [outcome]);
        if (outcome === 'success')
            this.recordLoad();
    }
    /**
     * @param measured of all processes; by default of this one.
     * @param runtime the runtime metrics of the other processes.
     * @returns the page for Prometheus, made in steps between which requests are served.
     */
    async expose(measured = this.#measure(), runtime = []) {
        const own = this.#runtime;
        const all = runtime.length === 0 ? own : mergeRuntime([await own.getMetricsAsJSON(), ...runtime]);
        const text = await all.metrics();
        const blocks = writeMetrics(this.counts, this.#zeros, this.#listGauges(measured), text);
        return { contentType: CONTENT_TYPE, body: await writeInSteps(blocks) };
    }
    /** @returns our own metrics as values, for the status page. Series at 0 are left out. */
    list(measured = this.#measure()) {
        return takeSnapshot(this.counts, this.#listGauges(measured));
    }
    /** @returns a part of what has changed; see `Counts.changes`. */
    async readChanges(since, from, most) {
        const changes = this.counts.changes(since, from, most);
        if (from > 0)
            return { changes };
        return { changes, now: { measured: this.#measure(), runtime: await this.#runtime.getMetricsAsJSON() } };
    }
    #measure() {
        const keySets = this.#sources.keySets().map(({ issuer, keys, ageSeconds }) => ({ issuer, keys, ageSeconds }));
        const upstreams = mergeEndpointStatus(this.#sources.upstreams?.() ?? []);
        return { connections: this.#connections.read(), keySets, upstreams };
    }
    #listGauges(measured) {
        return listGauges(measured, {
            build: this.#sources.build,
            loadedAt: this.#loadedAt,
            certificates: this.#certificates,
        });
    }
    #count(counter, values) {
        this.counts.touch('gateway', '').count(counter, values);
    }
}
