/** What the kernel reports about a process and its children (proc(5)). */

import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const PAGE = 4096;
/** Fields of /proc/PID/stat, as proc(5) numbers them. */
const [UTIME, STIME, CUTIME, CSTIME] = [14, 15, 16, 17] as const;

/** @returns the seconds of CPU that `pid` and its children have used so far, user and system. */
export function readCpuSeconds(pid: number): number {
  return sumTree(pid, id => readTicks(id, UTIME, STIME) / TICKS_PER_SECOND);
}

/** @returns a function that returns the share of all cores that other processes and the hypervisor used since this call. */
export function watchOthers(): () => number {
  const before = readMachine();
  return () => {
    const { total, busy, ours } = readMachine();
    return Math.max(0, busy - before.busy - (ours - before.ours)) / Math.max(1, total - before.total);
  };
}

/** In ticks. `ours`: of this process and its children, running or ended. */
function readMachine() {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1).join().split(/\s+/);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields.map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  const ended = readTicks(process.pid, CUTIME, CSTIME);
  return { total: busy + idle + iowait, busy, ours: readCpuSeconds(process.pid) * TICKS_PER_SECOND + ended };
}

/** The name of the process may hold spaces, so fields are counted from its closing parenthesis. */
function readTicks(pid: number, ...fields: readonly number[]): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const values = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.reduce((sum, field) => sum + Number(values[field - 3]), 0);
}

/** @returns bytes in memory of `pid` and its children; pages that they share count for each. */
export function readRss(pid: number): number {
  return sumTree(pid, id => Number(readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1]) * PAGE);
}

function sumTree(pid: number, read: (pid: number) => number): number {
  return listTree(pid).reduce((sum, id) => {
    try {
      return sum + read(id);
    } catch {
      return sum; // It has ended since it was listed.
    }
  }, 0);
}

/** @returns `pid` and all that it started. */
export function listTree(pid: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const children = tasks.flatMap(task => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '));
    return [pid, ...children.filter(child => child !== '').flatMap(child => listTree(Number(child)))];
  } catch {
    return [];
  }
}
