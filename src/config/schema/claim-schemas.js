/** Schemas of the keys about claims: where scopes are, what they include, which claims are required, and what clients are told. */
import { z } from 'zod';
import { parseServerUrl, SERVER_URL, URI_FORM } from '../values/address/uri.js';
import { CLAIM_PATH, parseClaimPath } from '../values/claim-path.js';
import { closeImplications } from '../values/scope-implications.js';
import { parseScope, SCOPE, SCOPE_FORM } from '../values/scope-rule.js';
import { addRejection, filledList, key, list, mapWithKeys, text, uniqueList } from './building-blocks.js';
const CLAIM_PATH_FORM = /^(?:"[^"]+"|[^".]+)(?:\.(?:"[^"]+"|[^".]+))*$/;
const claimPath = text(CLAIM_PATH, parseClaimPath, CLAIM_PATH_FORM);
const scope = text(SCOPE, parseScope, SCOPE_FORM);
/** One path, or a list of paths whose scopes are joined. */
export const claimPaths = z.union([claimPath.transform(path => [path]), list(claimPath)]);
/** Scope → further scopes, closed over. */
export const impliedScopes = mapWithKeys(key(SCOPE_FORM, SCOPE), filledList(scope).describe('The scopes that it includes'), (scopes, context, map) => {
    for (const name of scopes) {
        const parsed = parseScope(name);
        if (!parsed.ok)
            addRejection(context, { expected: SCOPE, ...parsed.rejection }, [name], true);
    }
    const lists = Object.entries(map).filter(([, value]) => Array.isArray(value));
    for (const name of closeImplications(Object.fromEntries(lists)).cycles) {
        const what = 'includes itself, by way of what it includes';
        addRejection(context, { what, expected: 'scopes that include lesser ones only', standsAlone: true }, [name], true);
    }
}).transform(direct => closeImplications(direct).closed);
const claimText = z.string().superRefine((value, context) => {
    if (value === '')
        addRejection(context, { what: 'is empty', expected: 'the value that tokens have' });
});
const claimNumber = z.number().superRefine((value, context) => {
    if (!Number.isInteger(value) || Number.isSafeInteger(value))
        return;
    const what = 'is a number that JSON readers round, so that others would be equal to it';
    addRejection(context, { what, expected: 'a string, or a number up to 2^53 - 1' });
});
const claimValues = [claimText, claimNumber, z.boolean()];
const single = (value) => [value];
/** Claim or path → the values of which it must have one. */
export const requiredClaims = mapWithKeys(key(CLAIM_PATH_FORM, CLAIM_PATH), z
    .union([
    claimText.transform(single),
    claimNumber.transform(single),
    z.boolean().transform(single),
    list(z.union(claimValues)),
])
    .describe('The value that the claim must have, or a list of which it must have one'), (paths, context) => {
    for (const path of paths) {
        const parsed = parseClaimPath(path);
        if (!parsed.ok)
            addRejection(context, { expected: CLAIM_PATH, ...parsed.rejection }, [path], true);
    }
});
export const metadata = z.strictObject({
    scopes: uniqueList(scope)
        .optional()
        .describe('Scopes that clients ask for, where they differ from those in the token; default: the scopes of the route'),
    authorization_servers: filledList(text(SERVER_URL, parseServerUrl, URI_FORM))
        .optional()
        .describe('Where clients get tokens; default: the issuers of the route that are http(s) URLs'),
});
