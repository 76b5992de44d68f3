import { expect, test } from 'vitest';
import { isWorthChecking } from './isWorthChecking.ts';

test.each(['tenant.eu.auth0.com', ' tenant.example ', 'https://tenant.example/', 'localhost:3000', 'http://[::1]:80'])(
  'Welcome: %j may be a whole address and is looked for',
  (text) => {
    expect(isWorthChecking(text)).toBe(true);
  },
);

test.each(['', ' ', 'tenant', 'tenant.', 'tenant.e', 'https://', 'https://tenant', 'local'])(
  'Welcome: %j is only begun, and nobody is asked for it',
  (text) => {
    expect(isWorthChecking(text)).toBe(false);
  },
);
