/** The proposal as one JSON object, for programs. */

import { toSafeJson } from '../../terminal.ts';
import type { ClientException } from '../plan/client-exceptions.ts';
import type { Proposal } from '../proposal.ts';
import type { Survey } from '../survey/log-survey.ts';
import { type ClientCount, countClients, listServedByAlias, listServedByType } from './evidence.ts';
import { isCut, listStillRefused, listUnknown } from './leftovers.ts';

/** @returns the JSON text, on one line. @param nameOf gives the name of a file in the patch. */
export function renderJson(survey: Survey, proposal: Proposal, nameOf: (file: string) => string): string {
  const { lines, decided: judged, skipped, broken, needs } = survey;
  const letIn = needs.filter(({ wasLetIn }) => wasLetIn);
  const { aliases, types, exceptions, beyond } = proposal.plan;
  return toSafeJson({
    ...{ lines, judged, skipped, broken },
    files: proposal.files.map(({ file, text }) => ({ file: nameOf(file), text })),
    audiences: aliases.map(alias => {
      const { route, audience, why } = alias;
      return { route, audience, why, clients: describeClients(listServedByAlias(alias, letIn)) };
    }),
    token_types: types.map(type => ({
      ...type,
      clients: describeClients(listServedByType(type, letIn)),
    })),
    exceptions: exceptions.map(describeException),
    by_hand: proposal.byHand.map(({ path, entries }) => ({ path, entries: entries.map(({ value }) => value) })),
    refused: listStillRefused(survey, proposal).map(({ route, reason, ...each }) => ({
      ...{ route, reason },
      ...describeCount(each),
    })),
    unknown: Object.fromEntries(listUnknown(survey, proposal)),
    truncated: isCut(survey, proposal),
    not_kept: Object.fromEntries(survey.uncounted),
    clients_beyond: new Set(beyond.map(({ clientId }) => clientId)).size,
  });
}

function describeException({ route, clientId, issuer, reasons, presented, needs }: ClientException) {
  const [evidence] = describeClients(needs);
  return { route, iss: issuer ?? null, reasons, presented: presented ?? null, ...evidence, client_id: clientId };
}

function describeClients(needs: Parameters<typeof countClients>[0]) {
  return countClients(needs).map(describeCount);
}

function describeCount({ client, count, first, last }: ClientCount) {
  return { client_id: client, count, first: new Date(first).toISOString(), last: new Date(last).toISOString() };
}
