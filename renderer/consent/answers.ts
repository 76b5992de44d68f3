import type { QuestionAnswer } from '../../preload/contract.ts';
import type { QuestionView } from '../../preload/views/programs.ts';
import { texts } from '../parts/texts.ts';

/** One way to answer, as its button says it. */
export interface Answer {
  readonly answer: QuestionAnswer;
  readonly label: string;
  /** What the button says once it was pressed. */
  readonly busy: string;
}

/** The ways to answer, in the order in which the Tab key reaches them: the harmless one first, the one that lasts last. */
export function answersFor(lasting: QuestionView['lasting']): readonly Answer[] {
  const { consent } = texts;
  const deny: Answer = { answer: 'deny', label: consent.deny, busy: consent.denying };
  const once: Answer = { answer: 'once', label: consent.allowOnce, busy: consent.allowing };
  if (lasting === 'once') return [deny, once];
  const label = lasting === 'hours' ? consent.allowHours : consent.allow;
  return [deny, once, { answer: 'allow', label, busy: consent.allowing }];
}
