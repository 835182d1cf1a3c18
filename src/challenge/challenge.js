/** The `WWW-Authenticate` value of a refusal (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1). */
import { REFUSALS } from '../denial.js';
import { protectedResourceMetadataUrl } from './metadata.js';
/** Kept, since parsing the resource URI for each refusal would cost more than forwarding a request. */
const metadataUrls = new WeakMap();
/**
 * @param scopes all that the operation needs, so that one new token is enough. A route with `metadata.scopes` names those:
 *   its clients ask for other scopes than the tokens then hold.
 * @returns the challenge; `undefined` for a reason that has none. It holds only text from the table of refusals and from the
 *   configuration, in which no character needs quoting (checked at load).
 */
export function createChallenge(reason, route, scopes) {
    const refusal = REFUSALS[reason];
    if (!('challenge' in refusal))
        return undefined;
    const { challenge } = refusal;
    const error = challenge ? [`error="${challenge.error}"`, `error_description="${challenge.description}"`] : [];
    const asked = route.metadata.scopes ?? scopes;
    const scope = asked.length > 0 ? [`scope="${asked.join(' ')}"`] : [];
    const metadata = `resource_metadata="${metadataUrlOf(route)}"`;
    return `Bearer ${[...error, ...scope, metadata].join(', ')}`;
}
function metadataUrlOf(route) {
    const url = metadataUrls.get(route) ?? protectedResourceMetadataUrl(route.resource);
    metadataUrls.set(route, url);
    return url;
}
