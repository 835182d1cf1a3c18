/** The record of a request, made once, when its response has closed. It has no token, cookie or query string. */
/** The `route` of a request for which no route was found, in metrics, log and status page. */
export const NO_ROUTE = '(none)';
/** @returns the action of a finished request that had a denial. */
export function actionOf({ outcome }) {
    return outcome === 'denied' ? 'refused' : 'forwarded';
}
