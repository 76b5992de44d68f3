import { randomUUID } from 'node:crypto';

/**
 * The one table of error codes: the API's answers and the documentation come from here. Each code's HTTP status is the API's.
 * `happened` is the description when the place that throws has nothing more exact to say; `next` is always appended.
 */
export const errorTable = {
  invalid_request: {
    happened: 'The request is not what this operation takes.',
    next: 'Compare it with the API description and send it again.',
  },
  unknown_state: {
    happened: 'No sign-in of yours waits for this state: it was never started, has ended, or was already answered.',
    next: 'Start the sign-in again.',
  },
  invalid_grant: {
    happened: 'The code, its verifier or its redirect_uri is wrong, expired or was already used.',
    next: 'Start the sign-in again and exchange its code once.',
  },
  access_denied: {
    happened: 'The sign-in was denied at the identity provider.',
    next: 'Sign in again and accept, or ask the administrator of the provider for access.',
  },
  forbidden_origin: {
    happened: 'The request comes from a place that may not use this API.',
    next: 'Call it from a program on this machine, run by the same user; to allow a web origin, add it to the setting "origins".',
  },
  consent_denied: {
    happened: 'The person did not allow this program to use their sign-in.',
    next: 'Ask the person to allow the program in Loopgate.',
  },
  not_signed_in: {
    happened: 'Nobody is signed in.',
    next: 'Sign in from the Loopgate tray or window, or start a sign-in with POST /pkce/code.',
  },
  invalid_token: {
    happened: 'The access token is not accepted by the identity provider.',
    next: 'Get a fresh one with grant_type=refresh_token, or sign in again.',
  },
  authorization_cleared: {
    happened: 'The sign-in was cancelled before it was finished.',
    next: 'Start it again when you are ready.',
  },
  authorization_timeout: {
    happened: 'The sign-in was not finished in the browser in time.',
    next: 'Start it again and finish the login in the browser.',
  },
  provider_unreachable: {
    happened: 'The identity provider cannot be reached.',
    next: 'Check the network connection and try again; a session that exists is kept.',
  },
  provider_error: {
    happened: 'The identity provider answered with an error.',
    next: 'Check the settings of the application at the provider and the settings of Loopgate.',
  },
  rate_limited: {
    happened: 'This program started too many sign-ins.',
    next: 'Wait a minute before the next one.',
  },
  not_configured: {
    happened: 'No identity provider is configured.',
    next: 'Enter the provider in the window of Loopgate; or set LOOPGATE_ISSUER and LOOPGATE_CLIENT_ID, or "issuer" and "clientId" in settings.json, and start Loopgate again.',
  },
  not_found: {
    happened: 'There is no such path.',
    next: 'The page docs/reference/operations.md lists the operations.',
  },
  method_not_allowed: {
    happened: 'The path does not take this method.',
    next: 'The Allow header names those it takes.',
  },
  payload_too_large: {
    happened: 'The body is larger than 32 KiB.',
    next: 'Send only the fields of the model.',
  },
  unsupported_media_type: {
    happened: 'The body is not of a content type that this operation takes.',
    next: 'Send it as the operation is described.',
  },
  internal: {
    happened: 'Loopgate failed unexpectedly.',
    next: 'Try again; if it stays, report it with the id, which the log holds too.',
  },
} as const satisfies Record<string, { happened: string; next: string }>;

/** A stable code of {@link errorTable}. */
export type ErrorCode = keyof typeof errorTable;

/** What an error may carry beside its code. */
export interface LoopgateErrorDetails {
  /** What happened, in one sentence, where the table's own is too general. Never holds a token or a code. */
  readonly happened?: string;
  /** What to do next, where the table's own advice does not fit. */
  readonly next?: string;
  /** True when the same request may succeed later without anybody doing anything (network, 5xx, 429, HTML: rule T5). */
  readonly retryable?: boolean;
  /**
   * True when it is safe to send the same again: the provider was never reached, had no time for it (429), or its answer is
   * held here. Where it is false of something {@link retryable}, nobody knows what the provider has done.
   */
  readonly undone?: boolean;
  /** True when the provider has said no in the words of OAuth: nothing is tried again before somebody asks (T5). */
  readonly refused?: boolean;
  /** True when what may pass was answered, though not as a provider answers: a 404, a redirect, a page of HTML. */
  readonly answered?: boolean;
  /** True when only a new sign-in of the person helps (`interaction_required` and its like). */
  readonly needsSignIn?: boolean;
  /** How long the provider wants to be left alone, in milliseconds (RFC 9110 §10.2.3). */
  readonly retryAfter?: number;
  /** The provider's own `error` value, when it sent one. */
  readonly providerError?: string;
  /** T15: how far this machine's clock is ahead of the provider's, in seconds; negative when it is behind. */
  readonly clockAhead?: number;
  /** Of an unexpected failure: what the log names it by. */
  readonly id?: string;
}

/** A failure that a caller may be told about: a code of the table and a description that says what to do next. */
export class LoopgateError extends Error {
  override readonly name = 'LoopgateError';
  readonly code: ErrorCode;
  /** The first half of the message: what happened. */
  readonly happened: string;
  /** The second half: what to do next. */
  readonly next: string;
  /** Whether {@link next} is of this very failure, and not what the table says for all of its code. */
  readonly hasOwnAdvice: boolean;
  readonly retryable: boolean;
  readonly undone: boolean;
  readonly refused: boolean;
  readonly answered: boolean;
  readonly needsSignIn: boolean;
  readonly retryAfter: number | undefined;
  readonly providerError: string | undefined;
  readonly clockAhead: number | undefined;
  readonly id: string | undefined;

  constructor(code: ErrorCode, details: LoopgateErrorDetails = {}) {
    const row = errorTable[code];
    const happened = details.happened ?? row.happened;
    const next = details.next ?? row.next;
    super(`${happened} ${next}`);
    this.next = next;
    this.hasOwnAdvice = next !== row.next;
    this.code = code;
    this.happened = happened;
    this.retryable = details.retryable ?? false;
    this.undone = details.undone ?? false;
    this.refused = details.refused ?? false;
    this.answered = details.answered ?? false;
    this.needsSignIn = details.needsSignIn ?? false;
    this.retryAfter = details.retryAfter;
    this.providerError = details.providerError;
    this.clockAhead = details.clockAhead;
    this.id = details.id;
  }

  /** The same with what is known better where it was caught. */
  with(changes: LoopgateErrorDetails): LoopgateError {
    const { happened, retryable, undone, refused, answered, needsSignIn } = this;
    return new LoopgateError(this.code, {
      ...{ happened, retryable, undone, refused, answered, needsSignIn },
      ...(this.hasOwnAdvice && { next: this.next }),
      ...(this.retryAfter !== undefined && { retryAfter: this.retryAfter }),
      ...(this.providerError !== undefined && { providerError: this.providerError }),
      ...(this.clockAhead !== undefined && { clockAhead: this.clockAhead }),
      ...(this.id !== undefined && { id: this.id }),
      ...changes,
    });
  }
}

/** The failure as a LoopgateError; an unexpected one is logged with an id, and nothing of its inside is told. */
export function loopgateErrorOf(error: unknown, log: { error(fields: object, message: string): void }): LoopgateError {
  if (error instanceof LoopgateError) return error;
  const id = randomUUID();
  log.error(
    { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    'unexpected failure',
  );
  return new LoopgateError('internal', { happened: `Loopgate failed unexpectedly (id ${id}).`, id });
}
