/** The scopes that an operation needs: by method, and by the path below the route (RFC 6749 section 3.3, RFC 6750 section 3.1). */
import { readScopes } from '../token/scopes.js';
/**
 * @returns the scopes by the issuer's `scope_claim` and `scope_implies`; where the route has a `scope_claim`, those of that
 *   claim alone, with nothing implied: they are roles of one API, and the issuer's implications are of its own scopes.
 */
export function readHeldScopes({ scopePaths }, token) {
    if (scopePaths === undefined)
        return { own: token.scopes, all: token.allScopes };
    const own = readScopes(token.claims, { paths: scopePaths, separator: token.scopeSource.separator });
    return { own, all: own };
}
/**
 * @param rests every reading of the path below the route; almost always one.
 * @returns the scopes that all readings need together; a method that one of them does not allow is not allowed.
 */
export function findRequirements(rules, method, rests) {
    const [first, ...others] = rests;
    let all = findRequirement(rules, method, first);
    for (const rest of others) {
        const more = findRequirement(rules, method, rest);
        if (!all.ok)
            return all;
        all = more.ok ? { ok: true, scopes: [...new Set([...all.scopes, ...more.scopes])] } : more;
    }
    return all;
}
/**
 * @param rest the path below the route's prefix, as matched: `` or `/…`.
 * @returns the scopes of the rule with the longest path that covers the method. Of rules with the same path, the one for
 *   the method comes first, then for HEAD the one for GET, then `*`.
 */
export function findRequirement(rules, method, rest) {
    let best;
    for (const rule of rules) {
        if (isBelow(rule.path, rest) && precision(rule, method) > 0 && isCloser(rule, best, method))
            best = rule;
    }
    return best ? { ok: true, scopes: best.scopes } : { ok: false, allow: listMethods(rules, rest) };
}
function isCloser(rule, best, method) {
    if (!best)
        return true;
    if (rule.path.length !== best.path.length)
        return rule.path.length > best.path.length;
    return precision(rule, method) > precision(best, method);
}
/** On whole segments: `/invoices` covers `/invoices` and `/invoices/7`, not `/invoices-old`. */
function isBelow(path, rest) {
    return path === '/' || rest === path || rest.startsWith(`${path}/`);
}
function precision(rule, method) {
    if (rule.method === method)
        return 3;
    if (rule.method === 'GET' && method === 'HEAD')
        return 2;
    return rule.method === '*' ? 1 : 0;
}
function listMethods(rules, rest) {
    const methods = rules.filter(rule => isBelow(rule.path, rest)).map(rule => rule.method);
    return [...new Set(methods.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}
