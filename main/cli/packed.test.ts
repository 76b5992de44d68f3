import { expect, test, vi } from 'vitest';

vi.mock('electron', () => ({ default: {}, app: { isPackaged: false } }));
const { commandArguments, withoutSettings } = await import('./packed.ts');

test('the caller of the command decides only where the data of the app are', () => {
  const environment = { PATH: '/bin', LOOPGATE_GUARD: 'same-user', LOOPGATE_ISSUER: 'x', LOOPGATE_HOME: '/home' };
  expect(withoutSettings(environment)).toEqual({ PATH: '/bin', LOOPGATE_HOME: '/home' });
});

test.each<[string[], boolean, string[] | undefined]>([
  [['loopgate', '--cli', '--', 'token', '--json'], true, ['token', '--json']],
  [['loopgate', 'status'], true, ['status']],
  [['electron', 'status'], false, undefined],
  [['loopgate', '--hidden'], true, undefined],
  [['loopgate'], true, undefined],
])('%j, packed: %j, is a start of the command with %j', (argv, isPackaged, expected) => {
  expect(commandArguments(argv, isPackaged)).toEqual(expected);
});
