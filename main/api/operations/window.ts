import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { noContent, type Operation } from '../operation.ts';
import { requireCommandKey } from './commandKey.ts';

/**
 * Opens the window, for a second start of the app with the key from the same data folder. Programs do not use this, so
 * the API description leaves it out.
 * @param commandKey - the expected bearer token
 * @param showWindow - resolves when the window is open; absent if this Loopgate has none
 */
export function windowOperations(commandKey: string, showWindow: (() => Promise<void>) | undefined): Operation[] {
  return [
    {
      method: 'POST',
      path: '/window',
      needs: 'nothing',
      handle: async (request) => {
        requireCommandKey(request, commandKey, {
          happened: verbatim('Only Loopgate itself shows its window.'),
          next: verbatim('Start Loopgate again, or open the window by its icon in the tray.'),
        });
        if (!showWindow) throw noWindow();
        await showWindow();
        return noContent();
      },
    },
  ];
}

/** This Loopgate has no window, or has closed it for good. */
export function noWindow(): LoopgateError {
  return new LoopgateError('not_found', {
    happened: verbatim('This Loopgate has no window.'),
    next: verbatim('Use the command "loopgate", or start the app.'),
  });
}
