import { expect, onTestFinished, test, vi } from 'vitest';
import { verbatim } from '../../preload/texts/messages.ts';
import type { StorageLocation } from '../broker/session/vault.ts';
import { sayPlace } from './headless.ts';

test('the terminal says where the session is, and names the keyring only when it is there again', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => written.mockRestore());
  const vault: { location: StorageLocation } = { location: { kind: 'keyring', changeable: false } };
  let changed: () => void = () => undefined;
  const onChange = (listener: () => void) => {
    changed = listener;
    return () => undefined;
  };
  sayPlace({ broker: { onChange } }, vault);
  expect(written).not.toHaveBeenCalled();
  vault.location = { kind: 'memory', notice: verbatim('It is in memory.'), changeable: false };
  changed();
  changed();
  vault.location = { kind: 'keyring', changeable: false };
  changed();
  expect(written.mock.calls.map(([line]) => line)).toEqual([
    'It is in memory.\n',
    'The session is kept under the system’s keyring.\n',
  ]);
});
