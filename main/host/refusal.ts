import type { MessageError } from '../errors/errors.ts';
import { ListenError } from '../listener/listenErrors.ts';
import { SettingError } from '../settings/settings.ts';
import { LockedError } from '../storage/folderLock.ts';
import { UnsafeFolderError } from '../storage/folderLook.ts';

/** Whether a start was refused for a reason that the person can end. */
export function isRefusal(error: unknown): error is MessageError {
  return [SettingError, ListenError, LockedError, UnsafeFolderError].some((kind) => error instanceof kind);
}
