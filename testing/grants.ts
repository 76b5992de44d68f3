/** Whom a refresh token is for. */
export interface Grant {
  readonly subject: string;
  readonly clientId: string;
  /** The session in the browser that it came from, where the provider names it in the ID token. */
  readonly sid?: string;
}

/**
 * What ends with a refresh token that is revoked (RFC 7009 §2.1). `family`: what was renewed by it. `session`: all tokens of that
 * session in the browser at that application (Keycloak). `person`: all tokens of that person at that application (Auth0, tenants
 * with "Refresh Token Revocation Deletes Grant").
 */
export type RevocationEnds = 'family' | 'session' | 'person';

interface Given extends Grant {
  readonly family: number;
  /** `spent`: renewed into the next one. `revoked`: ended by a revocation, of itself or of another one. */
  state: 'live' | 'spent' | 'revoked' | 'ended';
}

/** The refresh tokens that a provider has given: rotated at each renewal, with reuse detection, and ended as it likes. */
export class Grants {
  readonly ends: RevocationEnds;
  readonly #given = new Map<string, Given>();
  readonly #revoked = new Set<string>();
  #families = 0;

  constructor(ends: RevocationEnds) {
    this.ends = ends;
  }

  /** Every refresh token that was ever given and can still be used. */
  get live(): string[] {
    return [...this.#given].filter(([, { state }]) => state === 'live').map(([token]) => token);
  }

  /** Called after each revocation. */
  onRevoked: () => void = () => undefined;

  /** Whether a revocation has ended this token, its own or another one's. */
  wasEndedByRevocation(token: string): boolean {
    return this.#given.get(token)?.state === 'revoked';
  }

  /** Whether this very token was sent to be revoked. */
  wasRevoked(token: string): boolean {
    return this.#revoked.has(token);
  }

  /** A sign-in brought this token. */
  issue(token: string, grant: Grant): void {
    this.#families += 1;
    this.#given.set(token, { ...grant, family: this.#families, state: 'live' });
  }

  /** Whom a renewal is for; undefined when the token is not good any more. One that was spent ends its family. */
  spend(token: string): Grant | undefined {
    const given = this.#given.get(token);
    if (given?.state === 'spent') this.#end('ended', ({ family }) => family === given.family);
    if (given?.state !== 'live') return undefined;
    given.state = 'spent';
    return given;
  }

  /** The next token of a family. */
  rotate(from: string, to: string): void {
    const given = this.#given.get(from);
    if (given) this.#given.set(to, { ...given, state: 'live' });
  }

  revoke(token: string, clientId: string): void {
    const revoked = this.#given.get(token);
    this.#revoked.add(token);
    // A token that has ended is found no more, and ends nothing.
    if (revoked?.clientId !== clientId || revoked.state === 'ended' || revoked.state === 'revoked') return;
    const { subject, sid, family } = revoked;
    this.#end('revoked', (one) => {
      if (one.clientId !== clientId) return false;
      if (one.family === family) return true;
      if (this.ends === 'session') return one.subject === subject && sid !== undefined && one.sid === sid;
      return this.ends === 'person' && one.subject === subject;
    });
    this.onRevoked();
  }

  /** The provider ends these by itself. */
  endAll(subject: string): void {
    this.#end('ended', (one) => one.subject === subject);
  }

  #end(state: 'revoked' | 'ended', matches: (given: Given) => boolean): void {
    for (const given of this.#given.values()) {
      const isOver = given.state === 'revoked' || given.state === 'ended';
      if (!isOver && matches(given)) given.state = state;
    }
  }
}
