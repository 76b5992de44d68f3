import { errorsMarkdown } from '../../main/api/errors.ts';
import { commandPage } from './command.ts';
import { environmentPage } from './environment.ts';
import { page } from './markdown.ts';
import { type ApiDocument, operationsPage } from './operations.ts';
import { policyPage, settingsPage } from './settings.ts';

/** Where the pages are, from the project's folder. */
export const referenceFolder = 'docs/reference';

/**
 * The pages of `docs/reference/`: file name → text.
 * @param document - `openapi.json`, as it is now
 */
export function referencePages(document: ApiDocument): Readonly<Record<string, string>> {
  return {
    'operations.md': operationsPage(document),
    'errors.md': errorsPage(),
    'settings.md': settingsPage(),
    'environment.md': environmentPage(),
    'command.md': commandPage(),
    'policy.md': policyPage(),
  };
}

function errorsPage(): string {
  return page(
    'Errors',
    'Every error is JSON: `{"error": code, "error_description": what happened and what to do next}`. A code never changes its meaning. The description may say more exactly what happened than this table does. [When it does not work](../authors/extension-authors.md#when-it-does-not-work) says what an extension does about each code.',
    errorsMarkdown(),
  );
}
