import type { Bridge } from '../../preload/contract.ts';
import type { AppView } from '../../preload/views/appView.ts';

/**
 * Calls `onView` with the present view, and after every change.
 * @param onSilent - called when the main process does not answer
 * @returns the function that stops it
 */
export function watchView(
  bridge: Pick<Bridge, 'view' | 'onViewChanged'>,
  onView: (view: AppView) => void,
  onSilent: () => void,
): () => void {
  let hasChanged = false;
  const stop = bridge.onViewChanged((view) => {
    hasChanged = true;
    onView(view);
  });
  bridge.view().then((first) => {
    // A change that arrived before the answer is newer than the answer.
    if (!hasChanged) onView(first);
  }, onSilent);
  return stop;
}
