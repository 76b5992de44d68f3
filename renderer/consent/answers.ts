import type { QuestionAnswer } from '../../preload/contract.ts';
import type { QuestionView } from '../../preload/views/programs.ts';
import { texts } from '../parts/texts.ts';

/** A possible answer, with the text of its button. */
export interface Answer {
  readonly answer: QuestionAnswer;
  readonly label: string;
  /** The button's text after it was pressed. */
  readonly busy: string;
}

/** The possible answers, in the order of the Tab key: the harmless one first, the permanent one last. */
export function answersFor(lasting: QuestionView['lasting']): readonly Answer[] {
  const { consent } = texts;
  const deny: Answer = { answer: 'deny', label: consent.deny, busy: consent.denying };
  const once: Answer = { answer: 'once', label: consent.allowOnce, busy: consent.allowing };
  if (lasting === 'once') return [deny, once];
  const label = lasting === 'hours' ? consent.allowHours : consent.allow;
  return [deny, once, { answer: 'allow', label, busy: consent.allowing }];
}
