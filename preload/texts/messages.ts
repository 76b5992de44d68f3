import { englishMessages } from './englishMessages.ts';

type English = typeof englishMessages;

/** The ID of a message that exists in every language. */
export type MessageId = keyof English;

/** The names between braces in a text. */
type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** The value of a name. Several messages are sentences that follow each other. */
export type MessageValue = string | number | Message | readonly Message[];

/**
 * A message whose language is decided later.
 *
 * `verbatim` is the same in all languages: a text of a provider or the system, or English for programs.
 */
export type Message =
  | { readonly id: MessageId; readonly values: Readonly<Record<string, MessageValue>> }
  | { readonly verbatim: string }
  | { readonly sentences: readonly Message[] };

/** @param values - one for each name in the text */
export function message<Id extends MessageId>(
  id: Id,
  ...[values]: [Names<English[Id]>] extends [never] ? [] : [values: Readonly<Record<Names<English[Id]>, MessageValue>>]
): Message {
  return { id, values: values ?? {} };
}

/** A text that stays the same in all languages: from a provider or the system, or English for programs. */
export function verbatim(text: string): Message {
  return { verbatim: text };
}

/** Sentences that follow each other. */
export function sentences(...parts: readonly Message[]): Message {
  return { sentences: parts };
}

/** All messages in one language. */
export type Messages = Readonly<Record<MessageId, string>>;

type SameNames<Left, Right> = [Names<Left>, Names<Right>] extends [Names<Right>, Names<Left>] ? unknown : never;

/** Checks the messages of a language: if one is missing, or its names differ from the English, it does not compile. */
export function translation<const Rows extends Messages>(
  rows: Rows & { readonly [Id in MessageId]: SameNames<English[Id], Rows[Id]> },
): Messages {
  return rows;
}

/** @returns a function that puts a message into the language of these messages */
export function sayIn(messages: Messages): (message: Message) => string {
  const say = (one: Message): string => {
    if ('verbatim' in one) return one.verbatim;
    if ('sentences' in one) return one.sentences.map(say).join(' ');
    return messages[one.id].replace(/\{(\w+)\}/g, (_, name: string) => sayValue(one.values[name] ?? ''));
  };
  const sayValue = (value: MessageValue): string => {
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    return isList(value) ? value.map(say).join(' ') : say(value);
  };
  return say;
}

/** Puts a message into English: for programs, the log, the terminal and stored files. */
export const inEnglish = sayIn(englishMessages);

function isList(value: Message | readonly Message[]): value is readonly Message[] {
  return Array.isArray(value);
}
