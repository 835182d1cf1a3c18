/** Checks the keys of a map against one another. */
import { addRejection } from './building-blocks.js';
/** Reports each key that is rejected, and each that means the same as one before it. */
export function checkKeys(keys, context, rules) {
    const known = new Map();
    for (const name of keys) {
        const parsed = rules.parse(name);
        const identity = rules.identify(name, parsed.ok ? parsed.value : undefined);
        const first = known.get(identity);
        if (!parsed.ok)
            addRejection(context, parsed.rejection, [name], true);
        else if (first !== undefined)
            addRejection(context, rules.describeDuplicate(first), [name], true);
        known.set(identity, first ?? name);
    }
}
