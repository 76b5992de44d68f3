import { englishMessages } from './englishMessages.ts';

type English = typeof englishMessages;

/** A text that is said where something happens, in every language. */
export type MessageId = keyof English;

/** The names between braces in a text. */
type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** What is put in for a name. Several messages are sentences that follow each other. */
export type MessageValue = string | number | Message | readonly Message[];

/**
 * Something to say, before it is known in which language.
 *
 * `verbatim` is the same in all of them: what a provider or the system said, and English that only programs are told.
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

/** What no language changes: words of a provider or the system, or English that only programs are told. */
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

/** Takes the messages of a language. One that is missing, or that has other names in it than the English, does not compile. */
export function translation<const Rows extends Messages>(
  rows: Rows & { readonly [Id in MessageId]: SameNames<English[Id], Rows[Id]> },
): Messages {
  return rows;
}

/** @returns says a message in the language of these messages */
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

/** Says it in English: to a program, in the log, on the terminal, and in stored files. */
export const inEnglish = sayIn(englishMessages);

function isList(value: Message | readonly Message[]): value is readonly Message[] {
  return Array.isArray(value);
}
