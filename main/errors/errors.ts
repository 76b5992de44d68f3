import { randomUUID } from 'node:crypto';
import { englishMessages } from '../../preload/texts/englishMessages.ts';
import { inEnglish, type Message, message, sentences, verbatim } from '../../preload/texts/messages.ts';

/** Every error code. They are stable: never renamed. Each has two messages, `code.happened` and `code.next`. */
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
 * The one table of error codes, in English: the API's answers and the documentation come from here. Each code's HTTP status is the
 * API's. `happened` is the description when the place that throws has nothing more exact to say; `next` is always appended.
 */
export const errorTable = Object.fromEntries(
  errorCodes.map((code) => [
    code,
    { happened: englishMessages[`${code}.happened`], next: englishMessages[`${code}.next`] },
  ]),
) as Readonly<Record<ErrorCode, { readonly happened: string; readonly next: string }>>;

/** An error whose message is said in the language of whoever reads it; {@link Error.message} is English. */
export class MessageError extends Error {
  override readonly name: string = 'MessageError';
  readonly text: Message;

  constructor(text: Message) {
    super(inEnglish(text));
    this.text = text;
  }
}

/** What an error says. One that is not ours says it in its own words. */
export function messageOf(error: unknown): Message {
  if (error instanceof MessageError) return error.text;
  const words = error instanceof Error ? error.message : error;
  return typeof words === 'string' ? verbatim(words) : message('unknownReason');
}

/** What an error may carry beside its code. */
export interface LoopgateErrorDetails {
  /** What happened, in one sentence, where the table's own is too general. Never holds a token or a code. */
  readonly happened?: Message;
  /** What to do next, where the table's own advice does not fit. */
  readonly next?: Message;
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
export class LoopgateError extends MessageError {
  override readonly name = 'LoopgateError';
  readonly code: ErrorCode;
  /** The first half of the message: what happened. */
  readonly happenedText: Message;
  /** The second half: what to do next. */
  readonly nextText: Message;
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

  /** The same with what is known better where it was caught. */
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

/** The failure as a LoopgateError; an unexpected one is logged with an id, and nothing of its inside is told. */
export function loopgateErrorOf(error: unknown, log: { error(fields: object, message: string): void }): LoopgateError {
  if (error instanceof LoopgateError) return error;
  const id = randomUUID();
  log.error(
    { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    'unexpected failure',
  );
  return new LoopgateError('internal', { happened: message('internalWithId', { id }), id });
}
