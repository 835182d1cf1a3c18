/**
 * The tokens that `revoked` names, indexed by the claim that tells most about each entry: a request costs a few look-ups, however
 * many entries there are.
 */

/** One entry: a token is revoked where every claim that is named here fits. Only what is written is there. */
export interface RevokedEntry {
  readonly jti?: string;
  /** Never without `iss`. */
  readonly sub?: string;
  readonly iss?: string;
  /** The client of the token, whichever claim names it. */
  readonly clientId?: string;
  /** Seconds since 1970: fits an `iat` before it, and a token without `iat`. */
  readonly issuedBefore?: number;
}

/** What entries are compared with: of a token whose issuer vouches for its claims. */
export interface TokenNames {
  readonly jti: string | undefined;
  readonly sub: string | undefined;
  readonly iss: string | undefined;
  readonly clientId: string | undefined;
  /** Seconds since 1970. */
  readonly iat: number | undefined;
}

/**
 * What an entry demands beside the claim that it is found by. A number is the most frequent form: `issuedBefore`, or `ALWAYS`, and
 * nothing else; a hundred thousand objects would cost memory for nothing. Several are kept by the claims that they name: a script may
 * write the same entry again and again, and it then counts once.
 */
type Rest = number | RevokedEntry | Map<string, RevokedEntry>;

/** Any time of issue fits. */
const ALWAYS = Number.POSITIVE_INFINITY;
const NEVER = Number.NEGATIVE_INFINITY;

let lists = 0;

export class RevokedTokens {
  /** Of this list, in this process. Kept in place of the list, so that nothing keeps an earlier one in memory. */
  readonly number = lists++;
  readonly #byId = new Map<string, Rest>();
  /** By `iss`, then by `sub`. */
  readonly #bySubject = new Map<string, Map<string, Rest>>();
  readonly #byClient = new Map<string, Rest>();
  /** Of entries that name only the issuer. */
  readonly #byIssuer = new Map<string, Rest>();
  /** Of entries that name nobody: the latest `issuedBefore`. */
  #ofEverybody = NEVER;
  /** The number of entries that were added. */
  size = 0;

  add({ jti, ...others }: RevokedEntry): void {
    this.size += 1;
    if (jti !== undefined) addRest(this.#byId, jti, others);
    else this.#addWithoutId(others);
  }

  /** @returns whether some entry fits. */
  fits(token: TokenNames): boolean {
    const { jti, sub, iss, clientId, iat } = token;
    if (isBefore(iat, this.#ofEverybody)) return true;
    if (jti !== undefined && fitsRest(this.#byId.get(jti), token)) return true;
    if (clientId !== undefined && fitsRest(this.#byClient.get(clientId), token)) return true;
    if (iss === undefined) return false;
    return (
      (sub !== undefined && fitsRest(this.#bySubject.get(iss)?.get(sub), token)) ||
      fitsRest(this.#byIssuer.get(iss), token)
    );
  }

  /** @returns the entries, those that are equal but for an earlier `issuedBefore` left out. */
  *list(): Generator<RevokedEntry> {
    yield* listIndex(this.#byId, jti => ({ jti }));
    for (const [iss, subjects] of this.#bySubject) yield* listIndex(subjects, sub => ({ sub, iss }));
    yield* listIndex(this.#byClient, clientId => ({ clientId }));
    yield* listIndex(this.#byIssuer, iss => ({ iss }));
    if (this.#ofEverybody !== NEVER) yield { issuedBefore: this.#ofEverybody };
  }

  #addWithoutId({ sub, iss, ...others }: RevokedEntry): void {
    if (sub !== undefined && iss !== undefined) {
      const subjects = this.#bySubject.get(iss) ?? new Map<string, Rest>();
      this.#bySubject.set(iss, subjects);
      addRest(subjects, sub, others);
    } else if (others.clientId !== undefined) {
      const { clientId, ...rest } = others;
      addRest(this.#byClient, clientId, iss === undefined ? rest : { iss, ...rest });
    } else if (iss !== undefined) addRest(this.#byIssuer, iss, others);
    else this.#ofEverybody = Math.max(this.#ofEverybody, others.issuedBefore ?? NEVER);
  }
}

/** @returns whether every claim that `entry` names fits. */
export function fitsEntry(entry: RevokedEntry, token: TokenNames): boolean {
  const { jti, sub, iss, clientId, issuedBefore = ALWAYS } = entry;
  return (
    (jti === undefined || jti === token.jti) &&
    (sub === undefined || sub === token.sub) &&
    (iss === undefined || iss === token.iss) &&
    (clientId === undefined || clientId === token.clientId) &&
    isBefore(token.iat, issuedBefore)
  );
}

/** A token that does not say when it was issued may be as old as any. */
function isBefore(iat: number | undefined, limit: number): boolean {
  return iat === undefined ? limit !== NEVER : iat < limit;
}

function fitsRest(rest: Rest | undefined, token: TokenNames): boolean {
  if (rest === undefined) return false;
  if (typeof rest === 'number') return isBefore(token.iat, rest);
  return listRest(rest).some(entry => fitsEntry(entry, token));
}

function addRest(index: Map<string, Rest>, key: string, rest: RevokedEntry): void {
  const known = index.get(key);
  const time = readTime(rest);
  if (known === undefined) index.set(key, time ?? rest);
  else if (typeof known === 'number' && time !== undefined) index.set(key, Math.max(known, time));
  else index.set(key, addToSeveral(known, rest));
}

/** Of entries that name the same claims, the one with the latest time fits whatever the others fit. */
function addToSeveral(known: Rest, added: RevokedEntry): Rest {
  const several = known instanceof Map ? known : new Map(listRest(known).map(entry => [namesOf(entry), entry]));
  const names = namesOf(added);
  const before = several.get(names);
  if (before === undefined || timeOf(before) < timeOf(added)) several.set(names, added);
  return several;
}

function namesOf({ sub, iss, clientId }: RevokedEntry): string {
  return JSON.stringify([sub, iss, clientId]);
}

function timeOf({ issuedBefore = ALWAYS }: RevokedEntry): number {
  return issuedBefore;
}

/** @returns the time of a rest that names nothing else. */
function readTime({ sub, iss, clientId, issuedBefore = ALWAYS }: RevokedEntry): number | undefined {
  return sub === undefined && iss === undefined && clientId === undefined ? issuedBefore : undefined;
}

function* listIndex(index: ReadonlyMap<string, Rest>, name: (key: string) => RevokedEntry): Generator<RevokedEntry> {
  for (const [key, rest] of index) for (const entry of listRest(rest)) yield { ...name(key), ...entry };
}

function listRest(rest: Rest): readonly RevokedEntry[] {
  if (rest instanceof Map) return [...rest.values()];
  if (typeof rest !== 'number') return [rest];
  return rest === ALWAYS ? [{}] : [{ issuedBefore: rest }];
}
