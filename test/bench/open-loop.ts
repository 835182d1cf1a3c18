/**
 * A process of its own: sends requests at a fixed rate, independent of the responses, as many separate users do. Each latency
 * counts from when its request was due, not from when a connection was free for it, so a stall counts for every request that it
 * delays (wrk leaves those out: coordinated omission). Prints one line of JSON.
 *
 * Arguments: port, path, requests per second, seconds, connections. BENCH_TOKEN is in the environment.
 */

import { connect, type Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { SMALL_ANSWER } from './upstream.ts';

const [port = 0, rate = 0, seconds = 0, connections = 0] = [2, 4, 5, 6].map(at => Number(process.argv[at]));
const head = `GET ${process.argv[3]} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${process.env['BENCH_TOKEN']}\r\n\r\n`;
const SLOW = 50;
const WARM_UP = 0.5;

interface Client {
  readonly socket: Socket;
  received: string;
  /** When the request under way was due. */
  due: number;
}

const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
const idle: Client[] = [];
const clients: Client[] = [];
let [sent, answered, faults, slow] = [0, 0, 0, 0];
let startedAt = Number.POSITIVE_INFINITY;

function open(): Promise<void> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      clients.push(client);
      idle.push(client);
      resolve();
    });
    const client: Client = { socket, received: '', due: 0 };
    socket.setEncoding('latin1').on('data', (text: string) => take(client, text));
    socket.on('error', () => socket.destroy()).on('close', () => lose());
  });
}

function lose(): void {
  faults += 1;
}

function take(client: Client, text: string): void {
  client.received += text;
  if (!client.received.endsWith(SMALL_ANSWER)) return;
  if (!client.received.startsWith('HTTP/1.1 200 ')) faults += 1;
  client.received = '';
  record(performance.now() - client.due, client.due);
  idle.push(client);
  sendDue();
}

/** Requests that were due in the warm-up are not counted. */
function record(milliseconds: number, due: number): void {
  answered += 1;
  if (due < startedAt + WARM_UP * 1000) return;
  histogram.record(Math.max(1, Math.round(milliseconds * 1000)));
  if (milliseconds > SLOW) slow += 1;
}

/** Sends every request that is due and for which a connection is free; the others wait, and their latency grows. */
function sendDue(): void {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
  while (sent < Math.min(due, rate * (seconds + WARM_UP))) {
    const client = idle.pop();
    if (!client) return;
    client.due = startedAt + (sent / rate) * 1000;
    sent += 1;
    client.socket.write(head);
  }
}

while (clients.length < connections) await open();
startedAt = performance.now();
// Each response sends what is due, too, so that nothing waits for the next tick.
const timer = setInterval(sendDue, 1);
await delay((seconds + WARM_UP) * 1000);
// Late responses are waited for, since they are what is measured.
for (let waited = 0; waited < 5_000 && answered < Math.floor(rate * (seconds + WARM_UP)); waited += 50) await delay(50);
clearInterval(timer);
const [p50, p99, most] = [histogram.percentile(50), histogram.percentile(99), histogram.max].map(value => value / 1000);
const unanswered = Math.floor(rate * (seconds + WARM_UP)) - answered;
console.log(JSON.stringify({ p50, p99, most, slow, faults: faults + unanswered, requests: histogram.count }));
process.exit();
