/** Where a change can make a path lead to other content: at the file, and at each link on the way to it. */

import { readlinkSync } from 'node:fs';
import { parse, resolve, sep } from 'node:path';

export interface Place {
  readonly folder: string;
  readonly name: string;
}

/** Links that are followed, as Linux does (path_resolution(7)): a circle ends. */
const MOST_LINKS = 40;

/**
 * @param file an absolute path; it need not exist.
 * @param links where the links lead that were looked at before, by path; what is looked at is added.
 * @returns the file, by the names that lead to it, and the links, each in a folder without a link in its path.
 */
export function listPlaces(file: string, links = new Map<string, string | undefined>()): readonly Place[] {
  const places: Place[] = [];
  let waiting = split(file);
  let folder = parse(file).root;
  while (waiting.length > 0) {
    const [name = '', ...rest] = waiting;
    const target = places.length < MOST_LINKS ? readOnce(resolve(folder, name), links) : undefined;
    if (target !== undefined || rest.length === 0) places.push({ folder, name });
    if (target === undefined) {
      folder = resolve(folder, name);
      waiting = rest;
    } else {
      waiting = [...split(resolve(folder, target)), ...rest];
      folder = parse(file).root;
    }
  }
  return places;
}

function split(path: string): string[] {
  return path.split(sep).filter(part => part !== '');
}

function readOnce(path: string, links: Map<string, string | undefined>): string | undefined {
  if (!links.has(path)) links.set(path, readLink(path));
  return links.get(path);
}

/** @returns where the link leads; `undefined` where it is none, or not there. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
