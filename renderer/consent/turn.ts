import type { QuestionView } from '../../preload/views/programs.ts';

/** Whose turn it is: the question that the window shows, and which of how many it is since the window opened. */
export interface Turn {
  readonly question?: QuestionView;
  /** The first question is number 1. */
  readonly position: number;
  readonly total: number;
}

export const noTurn: Turn = { position: 0, total: 0 };

/**
 * The oldest question is the one that is asked. What was shown before counts on, so that "2 of 3" follows "1 of 3".
 *
 * @param questions what waits for an answer, the oldest first.
 */
export function nextTurn(before: Turn, questions: readonly QuestionView[]): Turn {
  const [question] = questions;
  if (!question) return { position: before.position, total: before.position };
  const position = question.id === before.question?.id ? before.position : before.position + 1;
  return { question, position, total: position - 1 + questions.length };
}
