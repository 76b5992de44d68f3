import { randomUUID } from 'node:crypto';
import type { Answer } from '../operation.ts';
import { finishedPage } from '../pages.ts';
import { openPagePrefix } from '../paths.ts';

/** How many result pages Loopgate keeps for redirected browsers. */
const keptPages = 50;

/** R10: gives the answer to a callback a clean address, so that no code stays in the browser's history. */
export class ResultPages {
  readonly #pages = new Map<string, Answer>();

  /**
   * Keeps a page.
   * @returns its path
   */
  keep(answer: Answer): string {
    const id = randomUUID();
    this.#pages.set(id, answer);
    const oldest = this.#pages.keys().next().value;
    if (this.#pages.size > keptPages && oldest !== undefined) this.#pages.delete(oldest);
    return `${openPagePrefix}${id}`;
  }

  show(id: string): Answer {
    return this.#pages.get(id) ?? finishedPage();
  }
}
