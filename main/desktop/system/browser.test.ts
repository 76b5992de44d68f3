import { expect, test } from 'vitest';
import { mayOpen } from './browser.ts';

test.each([
  ['https://tenant.us.auth0.com/authorize?x=1', undefined, true],
  ['http://localhost:4000/authorize', 'http://localhost:4000/', true],
  ['http://127.0.0.1:1000/login/ticket', undefined, true],
  ['http://127.0.0.1:1000/other', undefined, false],
  ['http://localhost:1000/login/ticket', undefined, false],
  ['https://127.0.0.1.attacker.example/login/ticket', undefined, true],
  ['http://127.0.0.1.attacker.example/login/ticket', undefined, false],
  ['http://localhost:4001/authorize', 'http://localhost:4000/', false],
  ['http://attacker.example/', undefined, false],
  ['file:///etc/passwd', undefined, false],
  ['javascript:alert(1)', undefined, false],
  ['vscode://run', 'https://tenant.us.auth0.com/', false],
  ['not an address', undefined, false],
])('only login addresses of our own, https and the configured provider are opened: %s', (address, issuer, expected) => {
  expect(mayOpen(address, issuer)).toBe(expected);
});
