/** Debian packages that a peer needs: installed where they are absent and this user may do so. */

import { existsSync } from 'node:fs';
import { run } from '../processes.ts';

const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/usr/lib/apache2/modules'];

/** @param file a program or a module of the package. @returns whether it is installed now. */
export async function isInstalled(file: string, debianPackage: string): Promise<boolean> {
  if (isThere(file)) return true;
  const args = ['install', '-y', '--no-install-recommends', debianPackage];
  await run('apt-get', args, { env: { DEBIAN_FRONTEND: 'noninteractive' } }).catch(() => undefined);
  return isThere(file);
}

const isThere = (file: string) => FOLDERS.some(folder => existsSync(`${folder}/${file}`));
