/**
 * A program for `$BROWSER`: `node --import tsx browser.ts <address>` signs in at the local identity provider without a
 * window, as LOOPGATE_TEST_PERSON (default "Ada Lovelace"), or denies with LOOPGATE_TEST_DENY=1. It exits with 1 and a
 * message if the callback fails.
 */
import { BrowserDouble } from './person.ts';

const [, , address] = process.argv;

try {
  if (address === undefined) throw new Error('usage: browser.ts <address>');
  const person = process.env.LOOPGATE_TEST_PERSON || 'Ada Lovelace';
  const response = await new BrowserDouble().signInAs(address, person, {
    deny: process.env.LOOPGATE_TEST_DENY === '1',
  });
  if (response.status >= 400) throw new Error(`the callback answered ${response.status}: ${await response.text()}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
