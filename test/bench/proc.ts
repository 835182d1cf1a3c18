/** What the kernel says of a process and those that it started (proc(5)). */

import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const PAGE = 4096;

/** @returns seconds of CPU that `pid` and its children have taken so far, user and system. */
export function readCpuSeconds(pid: number): number {
  return sumTree(pid, id => {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    // The name before may hold spaces: count from its closing parenthesis. utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  });
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
