/** The metrics as the page that Prometheus scrapes. */
import { BUCKET_BOUNDS } from './duration-histogram.js';
import { COUNTER_NAMES, COUNTERS, HISTOGRAM_NAMES, HISTOGRAMS, namesOf, } from './families.js';
import { SampleFormat, writeHead, writeLabel } from './text-format.js';
const FORMATS = Object.fromEntries(COUNTER_NAMES.map(counter => {
    const { subject, name, labels } = COUNTERS[counter];
    return [counter, new SampleFormat(name, subject === 'gateway' ? undefined : subject, namesOf(labels))];
}));
/** @returns the text of all metrics, in blocks that each take well under a millisecond. */
export function* writeMetrics(counts, zeros, gauges, runtime) {
    for (const counter of COUNTER_NAMES) {
        const { name, help } = COUNTERS[counter];
        yield writeHead(name, help, 'counter');
        yield* writeCounter(counter, counts, zeros);
    }
    for (const histogram of HISTOGRAM_NAMES)
        yield* writeHistograms(histogram, counts);
    for (const { name, help, labels, samples } of gauges) {
        yield writeHead(name, help, 'gauge');
        const format = new SampleFormat(name, undefined, namesOf(labels));
        for (const { values, value } of samples)
            yield format.write(format.start(''), values, value);
    }
    yield runtime;
}
/** Routes or issuers of the configuration first, then others that were counted; of each the series counted, then those at 0. */
function* writeCounter(counter, counts, zeros) {
    const { subject } = COUNTERS[counter];
    const written = new Set();
    for (const [name, atZero] of zeros.list(counter)) {
        const tally = counts.find(subject, name);
        written.add(name);
        if (tally)
            yield writeCounted(counter, tally);
        yield zeros.cachedText(counter, name, tally?.size(counter) ?? 0, () => writeZeros(counter, name, tally, atZero));
    }
    for (const tally of counts.list(subject))
        if (!written.has(tally.name))
            yield writeCounted(counter, tally);
}
function writeCounted(counter, tally) {
    const format = FORMATS[counter];
    const start = format.start(tally.name);
    let text = '';
    for (const { values, count } of tally.series(counter))
        text += format.write(start, values, count);
    return text;
}
function writeZeros(counter, subject, tally, atZero) {
    const format = FORMATS[counter];
    const start = format.start(subject);
    let text = '';
    for (const values of atZero)
        if (!tally?.has(counter, values))
            text += format.write(start, values, 0);
    return text;
}
function* writeHistograms(histogram, counts) {
    const { name, help } = HISTOGRAMS[histogram];
    yield writeHead(name, help, 'histogram');
    for (const tally of counts.list('route')) {
        const durations = tally.histogram(histogram);
        if (durations)
            yield writeHistogram(name, tally.name, durations);
    }
}
function writeHistogram(name, route, { counts, sum, count }) {
    const label = writeLabel('route', route);
    let text = '';
    let total = 0;
    for (let index = 0; index < counts.length; index += 1) {
        total += counts[index] ?? 0;
        text += `${name}_bucket{le="${BUCKET_BOUNDS[index] ?? '+Inf'}",${label}} ${total}\n`;
    }
    return `${text}${name}_sum{${label}} ${sum}\n${name}_count{${label}} ${count}\n`;
}
