import { expect, it } from 'vitest';
import { initials } from './initials.ts';

it.each([
  ['Ada Lovelace', 'AL'],
  ['ada', 'A'],
  ['Johann Wolfgang von Goethe', 'JG'],
  ['Élodie Ångström', 'ÉÅ'],
  ['e\u0301lodie', 'É'],
  ['Ада Лавлейс', 'АЛ'],
  ['Ada Lovelace (Operations)', 'AO'],
  ['ada.lovelace@example.com', 'A'],
  ['山田太郎', '山'],
  ['山田 太郎', '山'],
  ['محمد علي', 'م'],
  ['किरण बेदी', 'कि'],
  ['🦊 Fox', 'F'],
  ['🦊', ''],
  ['  ', ''],
  ['', ''],
])('%s → %s', (name, shown) => {
  expect(initials(name)).toBe(shown);
});
