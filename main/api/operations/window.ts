import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { noContent, type Operation } from '../operation.ts';
import { requireCommandKey } from './commandKey.ts';

/**
 * Shows the window, for a second start of the app on the same data folder: whoever can read the key that lies there. No part of
 * the API that programs use, so that nothing describes it.
 * @param commandKey - what is to be sent as the bearer token
 * @param showWindow - resolves when the window is open; absent where this Loopgate has none
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

/** There is no window, or not any more. */
export function noWindow(): LoopgateError {
  return new LoopgateError('not_found', {
    happened: verbatim('This Loopgate has no window.'),
    next: verbatim('Use the command "loopgate", or start the app.'),
  });
}
