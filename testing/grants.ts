/** The owner of a refresh token. */
export interface Grant {
  readonly subject: string;
  readonly clientId: string;
  /** The browser session that it came from, if the provider names it in the ID token. */
  readonly sid?: string;
}

/**
 * The tokens that end with a revoked refresh token (RFC 7009 §2.1). `family`: its renewals. `session`: all tokens of that
 * browser session at that application (Keycloak). `person`: all tokens of that person at that application (Auth0, tenants
 * with "Refresh Token Revocation Deletes Grant").
 */
export type RevocationEnds = 'family' | 'session' | 'person';

interface Given extends Grant {
  readonly family: number;
  /** `spent`: renewed into the next one. `revoked`: ended by a revocation, its own or another's. */
  state: 'live' | 'spent' | 'revoked' | 'ended';
}

/**
 * The refresh tokens that a provider has issued: rotated at each renewal, with reuse detection, and ended as the provider
 * likes.
 */
export class Grants {
  readonly ends: RevocationEnds;
  readonly #given = new Map<string, Given>();
  readonly #revoked = new Set<string>();
  #families = 0;

  constructor(ends: RevocationEnds) {
    this.ends = ends;
  }

  /** Every issued refresh token that can still be used. */
  get live(): string[] {
    return [...this.#given].filter(([, { state }]) => state === 'live').map(([token]) => token);
  }

  /** Called after each revocation. */
  onRevoked: () => void = () => undefined;

  /** Whether a revocation has ended this token, its own or another's. */
  wasEndedByRevocation(token: string): boolean {
    return this.#given.get(token)?.state === 'revoked';
  }

  /** Whether this very token was sent for revocation. */
  wasRevoked(token: string): boolean {
    return this.#revoked.has(token);
  }

  /** A sign-in issued this token. */
  issue(token: string, grant: Grant): void {
    this.#families += 1;
    this.#given.set(token, { ...grant, family: this.#families, state: 'live' });
  }

  /** The owner of a renewal; undefined when the token is no longer valid. A spent token ends its family. */
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
    // A token that has ended is not found any more, and ends nothing.
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
