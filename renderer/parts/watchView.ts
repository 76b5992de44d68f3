import type { Bridge } from '../../preload/contract.ts';
import type { AppView } from '../../preload/views/app.ts';

/**
 * Calls back with the view as it is now, and after every change.
 *
 * @param onSilent called when nobody answers.
 * @returns the function that ends it.
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
    // A change that came while we asked is newer than the answer.
    if (!hasChanged) onView(first);
  }, onSilent);
  return stop;
}
