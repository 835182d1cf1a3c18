/**
 * RSA keys made by chips with the ROCA flaw (CVE-2017-15361): both primes, and so the modulus, are powers of 65537 modulo every
 * small prime, and such a modulus can be factored.
 */
const SMALL_PRIMES = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
    127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const GENERATOR = 65_537;
/** By prime, the powers of 65537. */
const POWERS = SMALL_PRIMES.map(prime => [BigInt(prime), listPowers(prime)]);
/** @returns whether `modulus` is of such a chip. One of another origin is taken for it once in 2^27. */
export function hasRocaFlaw(modulus) {
    return POWERS.every(([prime, powers]) => powers.has(Number(modulus % prime)));
}
function listPowers(prime) {
    const powers = new Set();
    for (let power = 1; !powers.has(power); power = (power * GENERATOR) % prime)
        powers.add(power);
    return powers;
}
