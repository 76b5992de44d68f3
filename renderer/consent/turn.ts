import type { QuestionView } from '../../preload/views/programs.ts';

/** The question that the window shows, and its position among all since the window opened. */
export interface Turn {
  readonly question?: QuestionView;
  /** The first question is number 1. */
  readonly position: number;
  readonly total: number;
}

export const noTurn: Turn = { position: 0, total: 0 };

/**
 * Selects the oldest question. Questions that were shown before still count, so that "2 of 3" follows "1 of 3".
 * @param questions - those that wait for an answer, the oldest first
 */
export function nextTurn(before: Turn, questions: readonly QuestionView[]): Turn {
  const [question] = questions;
  if (!question) return { position: before.position, total: before.position };
  const position = question.id === before.question?.id ? before.position : before.position + 1;
  return { question, position, total: position - 1 + questions.length };
}
