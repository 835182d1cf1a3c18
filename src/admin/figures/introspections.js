/** What issuers were asked about tokens, and which routes got tokens for several audiences. Counters that Prometheus scrapes. */
import { listSamples, sumOf } from './counter-sums.js';
/** @returns the counts of each issuer of `config` that is asked about tokens. */
export function countIntrospections({ issuers }, report) {
    const asked = [...issuers.values()].filter(({ introspection }) => introspection !== undefined);
    return asked.map(({ issuer }) => {
        const count = (outcome) => sumOf(report, 'audgate_introspections_total', { issuer, outcome });
        return {
            issuer,
            hit: count('hit'),
            active: count('active'),
            inactive: count('inactive'),
            failure: count('failure'),
        };
    });
}
/** @returns by route, how many accepted tokens were also for audiences that no route of this gateway has. */
export function countForeignAudiences(report) {
    const samples = listSamples(report, 'audgate_multiple_audience_tokens_total');
    return samples.flatMap(({ labels, value }) => labels['outcome'] === 'foreign' && value > 0 ? [{ route: String(labels['route']), tokens: value }] : []);
}
