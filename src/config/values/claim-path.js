/** The place of a claim in a token, as `scope_claim` and `claims` name it: parsed at load, resolved for each token. */
import { accept, reject } from './parsed-value.js';
export const CLAIM_PATH = 'a claim, or a path such as realm_access.roles or resource_access."https://api.example/".roles';
/** One step and what follows it. Between quotes every character but the quote is taken as it is. */
const STEP = /^(?:"([^"]+)"|([^".]+))(?:(\.)|$)/;
/**
 * @param text a claim's name, or steps with dots between them; dots within double quotes separate nothing.
 * @returns the path; rejects an empty step, a quote that is not closed, and text beside a quoted step.
 */
export function parseClaimPath(text) {
    const steps = [];
    for (let rest = text, isOver = false; !isOver;) {
        const [all = '', quoted, plain, dot] = STEP.exec(rest) ?? [];
        const step = quoted ?? plain;
        if (step === undefined)
            return reject(describeBrokenStep(rest));
        steps.push(step);
        rest = rest.slice(all.length);
        isOver = dot === undefined;
    }
    return accept({ text, steps });
}
function describeBrokenStep(rest) {
    if (rest === '' || rest.startsWith('.') || rest.startsWith('""'))
        return 'has an empty step';
    return 'has a double quote that does not enclose a whole step';
}
/**
 * The one function that looks a claim up by its path.
 *
 * @returns the value at `path`; `undefined` where the claims have none. Lists have no members, and nothing is inherited.
 */
export function resolveClaim(claims, path) {
    if (Object.hasOwn(claims, path.text))
        return claims[path.text];
    let value = claims;
    for (const step of path.steps) {
        if (!isObject(value) || !Object.hasOwn(value, step))
            return undefined;
        value = value[step];
    }
    return value;
}
function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
