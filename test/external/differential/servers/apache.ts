/** Apache httpd. A handler in Lua records its input, and the access log has a line for every request, refused or not. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ObservedRequest, parseObservedLine } from '../observed-request.ts';
import { findProgram, type ServerDefinition, type ServerKind, startRealServer } from './real-server.ts';

const program = findProgram('apache2');
const MODULES = '/usr/lib/apache2/modules';
const NO_BODY = `0 ${createHash('sha1').digest('hex')}`;
const handler = readFileSync(join(import.meta.dirname, 'seen.lua'), 'utf8');

export const apache: ServerKind = {
  name: 'apache2',
  program,
  start: () => startRealServer(({ address, folder }) => describe(program ?? '', address, folder)),
};

function describe(command: string, address: string, folder: string): ServerDefinition {
  const config = `
ServerName 127.0.0.1
Listen ${address}
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog /dev/stderr
LogLevel crit
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule lua_module ${MODULES}/mod_lua.so
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
DocumentRoot ${folder}
AllowEncodedSlashes On
MaxKeepAliveRequests 0
LogFormat "%>s [%{seen}n] [%{body}n] \\"%r\\"" seen
CustomLog /dev/stdout seen
LuaMapHandler "^/" ${folder}/seen.lua
LuaInputFilter remember ${folder}/seen.lua remember
SetInputFilter remember
`;
  const files = { 'apache.conf': config, 'seen.lua': handler };
  return { command, args: ['-X', '-f', `${folder}/apache.conf`], files, parse };
}

/** `-` in place of the first note: the handler was not reached. `cut`: the body did not arrive whole. */
function parse(line: string): ObservedRequest | undefined {
  const [, status, seen, body = ''] = /^(\d{3}) \[(.*?)\] \[(.*?)\]/.exec(line) ?? [];
  if (status === undefined) return undefined;
  if (seen === '-') return parseObservedLine(`seen ${status}`);
  return parseObservedLine(`seen ${body === 'cut' ? 400 : status} ${seen} ${body === 'none' ? NO_BODY : body}`);
}
