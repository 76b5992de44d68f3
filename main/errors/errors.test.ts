import { expect, test } from 'vitest';
import { verbatim } from '../../preload/texts/messages.ts';
import { errorTable, LoopgateError } from './errors.ts';

test('every error of the table says what happened and what to do next', () => {
  for (const { happened, next } of Object.values(errorTable)) {
    expect(happened).toMatch(/^[A-Z].*\.$/);
    expect(next).toMatch(/^[A-Z].*\.$/);
  }
});

test('an error says what happened first, and what to do next after it', () => {
  const error = new LoopgateError('provider_error', { happened: verbatim('It is raining.') });
  expect(error.message).toBe(`It is raining. ${errorTable.provider_error.next}`);
  expect(error).toMatchObject({ happened: 'It is raining.', retryable: false, providerError: undefined });
});
