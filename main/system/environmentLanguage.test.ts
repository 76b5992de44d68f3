import { expect, it } from 'vitest';
import { environmentLanguage, tagOf } from './environmentLanguage.ts';

it.each<[string, NodeJS.ProcessEnv, string | undefined, string | undefined]>([
  ['nothing', {}, undefined, undefined],
  ['LANG', { LANG: 'de_AT.UTF-8' }, 'de-AT', 'de-AT'],
  ['dates of another region', { LANG: 'en_US.UTF-8', LC_TIME: 'de_DE.UTF-8' }, 'en-US', 'de-DE'],
  ['messages in another language', { LANG: 'en_US.UTF-8', LC_MESSAGES: 'de_DE' }, 'de-DE', 'en-US'],
  ['LC_ALL over all', { LANG: 'fr_FR', LC_MESSAGES: 'fr_FR', LC_TIME: 'fr_FR', LC_ALL: 'de_CH' }, 'de-CH', 'de-CH'],
  ['an empty one', { LC_ALL: '', LC_MESSAGES: '', LANG: 'de_DE@euro' }, 'de-DE', 'de-DE'],
  ['none', { LANG: 'C.UTF-8' }, undefined, undefined],
])('POSIX, Base Definitions §8.2: %s', (_what, environment, language, region) => {
  expect(environmentLanguage(environment)).toEqual({ language, region });
});

it.each([undefined, '', 'C', 'POSIX', 'c.utf8', '../../etc', 'de;DE', 'x'.repeat(100)])('%s is no language', (name) => {
  expect(tagOf(name)).toBeUndefined();
});
