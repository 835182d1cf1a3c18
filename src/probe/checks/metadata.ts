/** Protected resource metadata (RFC 9728): whether a client can find out whom a token has to be for. Asked for without a token. */

import { parseJsonObject } from '../../config/values/key-set/json-web-key-set.ts';
import { valuesOf } from '../../http/header-list.ts';
import type { Case, Check, Exchange, Judgement, ProbeContext } from '../check.ts';
import { describeUnclear, readAnswer } from '../judging.ts';
import { NO_TOKEN_LABEL } from './baseline.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export const METADATA: Check = {
  isIndependent: true,
  id: 'metadata',
  title: 'the metadata names the resource that was asked for',
  clause: 'RFC 9728 sections 3.1 and 3.3',
  headline: 'publishes metadata that names another resource: clients get tokens for the wrong API',
  remedy: 'publish, at the well-known path of the resource URI, a document whose resource is that URI to the letter',
  isClosedByGateway: true,
  isEssential: true,
  cases: listDocuments,
  judge: judgeDocuments,
};

/** The place that the challenge names, else the two that RFC 9728 section 3.1 gives. */
function listDocuments(context: ProbeContext): readonly Case[] {
  const named = readMetadataUrl(context.exchanges);
  const ask = { method: 'GET', authorization: [] };
  if (named !== undefined) {
    // Where the name of the resource leads elsewhere, the same server is asked by that name.
    return [{ ...ask, label: 'its metadata', path: `${named.pathname}${named.search}`, host: named.host }];
  }
  const path = context.target.path.replace(/[?].*$/, '');
  const places = path === '/' ? [WELL_KNOWN] : [`${WELL_KNOWN}${path}`, WELL_KNOWN];
  return places.map(place => ({ ...ask, label: 'its metadata', path: place }));
}

function readMetadataUrl(exchanges: readonly Exchange[]): URL | undefined {
  const challenge = exchanges.find(({ sent }) => sent.label === NO_TOKEN_LABEL)?.answer;
  const value = challenge && valuesOf(challenge.fields, 'www-authenticate').join(', ');
  const [, url = ''] = /\bresource_metadata="([^"]*)"/i.exec(value ?? '') ?? [];
  return URL.canParse(url) && /^https?:/.test(url) ? new URL(url) : undefined;
}

function judgeDocuments(exchanges: readonly Exchange[], context: ProbeContext): Judgement {
  const named = readMetadataUrl(context.exchanges);
  const found = exchanges.find(({ answer }) => answer.status === 200 && readResource(answer.body) !== undefined);
  if (found) return judgeResource(found, context);
  if (named !== undefined && named.host !== context.target.host) {
    return { verdict: 'unclear', decisive: exchanges[0], why: 'the challenge names a document on another host' };
  }
  const failed = exchanges.find(({ answer }) => !isAbsence(answer.status) && readAnswer(answer) === 'unclear');
  if (failed) return { verdict: 'unclear', decisive: failed, why: describeUnclear(failed.answer) };
  if (named !== undefined) {
    return {
      verdict: 'fails',
      decisive: exchanges[0],
      why: 'the challenge names a document that is not there, or has no resource',
    };
  }
  return { verdict: 'unclear', why: 'it publishes no metadata, which RFC 9728 leaves to it' };
}

function isAbsence(status: number): boolean {
  return status === 404 || status === 410;
}

function judgeResource(document: Exchange, { resource: expected, target }: ProbeContext): Judgement {
  const resource = readResource(document.answer.body) ?? '';
  const differs = (why: string): Judgement => ({ verdict: 'fails', decisive: document, why });
  if (!URL.canParse(resource)) return differs('its resource is no URI');
  if (expected !== undefined)
    return resource === expected ? { verdict: 'holds' } : differs('its resource is not that of --resource');
  const { pathname, search, host } = new URL(resource);
  if (host !== target.host) {
    return { verdict: 'unclear', why: 'it is of another host than was asked; say which with --resource' };
  }
  const path = withoutSlash(pathname);
  const isBelow = target.path === path || /^[/?]/.test(target.path.slice(path.length));
  if (!target.path.startsWith(path) || !isBelow) return differs('its resource is of another path');
  const isAtPlace = withoutSlash(document.sent.path ?? '') === `${WELL_KNOWN}${path}${search}`;
  if (isAtPlace) return { verdict: 'holds' };
  return { verdict: 'unclear', why: 'it stands at a place that RFC 9728 section 3.1 does not give to its resource' };
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

function readResource(body: string): string | undefined {
  const resource = parseJsonObject(Buffer.from(body, 'latin1').toString('utf8'))?.['resource'];
  return typeof resource === 'string' ? resource : undefined;
}
