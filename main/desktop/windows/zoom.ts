import type { WebContents } from 'electron';

/** As the zoom of browsers has them. */
const steps = [0.5, 0.67, 0.75, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3];
/** The zoom comes back from Chromium as a rounded number. */
const tolerance = 0.01;

/**
 * What a key makes of the zoom, as in a browser.
 *
 * @param present - as a factor: 1 is 100 %
 * @returns undefined for a key that has nothing to do with it
 */
export function zoomAfter(key: string, present: number): number | undefined {
  if (key === '+' || key === '=') return steps.find((step) => step > present + tolerance) ?? present;
  if (key === '-' || key === '_') return steps.findLast((step) => step < present - tolerance) ?? present;
  return key === '0' ? 1 : undefined;
}

/** Ctrl (on macOS Cmd) with +, - and 0, which the menu of other apps has: who needs larger words gets them (WCAG 1.4.4). */
export function zoomByKeys(contents: WebContents): void {
  contents.on('before-input-event', (event, { type, key, control, meta, alt }) => {
    if (type !== 'keyDown' || alt || !(process.platform === 'darwin' ? meta : control)) return;
    const wanted = zoomAfter(key, contents.getZoomFactor());
    if (wanted === undefined) return;
    event.preventDefault();
    contents.setZoomFactor(wanted);
  });
}
