import { randomUUID } from 'node:crypto';
import { englishMessages } from '../../preload/texts/englishMessages.ts';
import { inEnglish, type Message, message, sentences, verbatim } from '../../preload/texts/messages.ts';

/** All error codes. They are stable and never renamed. Each has two messages, `code.happened` and `code.next`. */
const errorCodes = [
  'invalid_request',
  'unknown_state',
  'invalid_grant',
  'access_denied',
  'forbidden_origin',
  'consent_denied',
  'not_signed_in',
  'invalid_token',
  'authorization_cleared',
  'authorization_timeout',
  'provider_unreachable',
  'provider_error',
  'rate_limited',
  'not_configured',
  'not_found',
  'method_not_allowed',
  'payload_too_large',
  'unsupported_media_type',
  'internal',
] as const;

/** A stable code of {@link errorTable}. */
export type ErrorCode = (typeof errorCodes)[number];

/**
 * The one table of error codes, in English, for the API's answers and the documentation. The API adds the HTTP status.
 * `happened` is the default description; `next` is always appended.
 */
export const errorTable = Object.fromEntries(
  errorCodes.map((code) => [
    code,
    { happened: englishMessages[`${code}.happened`], next: englishMessages[`${code}.next`] },
  ]),
) as Readonly<Record<ErrorCode, { readonly happened: string; readonly next: string }>>;

/** An error with a translatable message; {@link Error.message} is English. */
export class MessageError extends Error {
  override readonly name: string = 'MessageError';
  readonly text: Message;

  constructor(text: Message) {
    super(inEnglish(text));
    this.text = text;
  }
}

/** The text of an error. A foreign error keeps its own words. */
export function messageOf(error: unknown): Message {
  if (error instanceof MessageError) return error.text;
  const words = error instanceof Error ? error.message : error;
  return typeof words === 'string' ? verbatim(words) : message('unknownReason');
}

/** The details that an error may have in addition to its code. */
export interface LoopgateErrorDetails {
  /** What happened, in one sentence, if the table's text is too general. Never contains a token or a code. */
  readonly happened?: Message;
  /** What to do next, if the table's advice does not fit. */
  readonly next?: Message;
  /** True if a repeat of the request may succeed without any action (network, 5xx, 429, HTML: rule T5). */
  readonly retryable?: boolean;
  /**
   * True if repeating is safe: the provider was never reached, refused for lack of time (429), or Loopgate has its
   * answer. If a {@link retryable} error has false here, the provider may or may not have acted.
   */
  readonly undone?: boolean;
  /** True if the provider refused in OAuth's own terms. Loopgate does not repeat the request by itself (T5). */
  readonly refused?: boolean;
  /** True if an answer came, but not in a provider's form: a 404, a redirect, an HTML page. */
  readonly answered?: boolean;
  /** True if only a new sign-in helps (`interaction_required` and similar). */
  readonly needsSignIn?: boolean;
  /** How long the provider wants no requests, in milliseconds (RFC 9110 §10.2.3). */
  readonly retryAfter?: number;
  /** The provider's own `error` value, if it sent one. */
  readonly providerError?: string;
  /** T15: how far this machine's clock is ahead of the provider's, in seconds; negative when behind. */
  readonly clockAhead?: number;
  /** The log's id for an unexpected failure. */
  readonly id?: string;
}

/** A failure that callers may see: a code from the table, and a description that ends with the next step. */
export class LoopgateError extends MessageError {
  override readonly name = 'LoopgateError';
  readonly code: ErrorCode;
  /** The first half of the message: what happened. */
  readonly happenedText: Message;
  /** The second half: what to do next. */
  readonly nextText: Message;
  /** Whether {@link next} is specific to this failure, rather than the table's advice for its code. */
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
    const happened = details.happened ?? message(`${code}.happened`);
    const next = details.next ?? message(`${code}.next`);
    super(sentences(happened, next));
    this.code = code;
    this.happenedText = happened;
    this.nextText = next;
    this.hasOwnAdvice = this.next !== errorTable[code].next;
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

  /** What happened, in English. */
  get happened(): string {
    return inEnglish(this.happenedText);
  }

  /** What to do next, in English. */
  get next(): string {
    return inEnglish(this.nextText);
  }

  /** A copy with details that only the catching code knows. */
  with(changes: LoopgateErrorDetails): LoopgateError {
    const { happenedText: happened, retryable, undone, refused, answered, needsSignIn } = this;
    return new LoopgateError(this.code, {
      ...{ happened, retryable, undone, refused, answered, needsSignIn },
      ...(this.hasOwnAdvice && { next: this.nextText }),
      ...(this.retryAfter !== undefined && { retryAfter: this.retryAfter }),
      ...(this.providerError !== undefined && { providerError: this.providerError }),
      ...(this.clockAhead !== undefined && { clockAhead: this.clockAhead }),
      ...(this.id !== undefined && { id: this.id }),
      ...changes,
    });
  }
}

/** Converts a failure to a LoopgateError. Logs an unexpected one with an id, and hides its details. */
export function loopgateErrorOf(error: unknown, log: { error(fields: object, message: string): void }): LoopgateError {
  if (error instanceof LoopgateError) return error;
  const id = randomUUID();
  log.error(
    { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    'unexpected failure',
  );
  return new LoopgateError('internal', { happened: message('internalWithId', { id }), id });
}
