/** The replies of the gateway's own, and what each of them leaves in the record of its request. A failure of the upstream is not among them. */
import { createChallenge } from './challenge/challenge.js';
import { createMetadataFields, createMetadataReply, METADATA_METHODS } from './challenge/metadata-reply.js';
import { createRefusal } from './challenge/refusal.js';
import { createCorsFields, createPreflightReply, isPreflight } from './cors/cors.js';
const NO_FIELDS = { scopes: [], allow: [] };
/** Refuses the request, with the challenge of its route where the reason has one. */
export function refuse(transaction, reason, { scopes, allow } = NO_FIELDS) {
    transaction.refusedFor = reason;
    // What is wrong with a head may hide where it ends: what follows is no request.
    if (!transaction.head)
        transaction.request.closeAfter();
    const route = transaction.match?.route;
    const challenge = route && !route.public ? createChallenge(reason, route, scopes) : undefined;
    transaction.reply(createRefusal(reason, { requestId: transaction.requestId, challenge, allow }));
}
/** Answers a request for a metadata document, which needs no route and no token. */
export function publish(transaction, metadata) {
    const { method, fields } = transaction.request.head;
    transaction.responseFields.push(...createMetadataFields(metadata));
    const reply = createMetadataReply(metadata, method, fields);
    if ('reason' in reply)
        refuse(transaction, reply.reason, { scopes: [], allow: METADATA_METHODS });
    else
        transaction.reply(reply);
}
/**
 * Adds the CORS fields to every response of this request, and answers it if it is a preflight. The handshake of a WebSocket gets none:
 * browsers do no CORS there.
 *
 * @returns whether it was answered.
 */
export function applyCors(transaction, cors) {
    if (transaction.isHandshake)
        return false;
    const { method, fields } = transaction.request.head;
    transaction.responseFields.push(...createCorsFields(cors, fields));
    if (!isPreflight(method, fields))
        return false;
    transaction.reply(createPreflightReply(cors, fields));
    return true;
}
