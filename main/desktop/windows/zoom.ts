import type { WebContents } from 'electron';

/** The zoom steps of browsers. */
const steps = [0.5, 0.67, 0.75, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3];
/** Chromium returns the zoom as a rounded number. */
const tolerance = 0.01;

/**
 * The zoom after a key press, as in a browser.
 * @param present - a factor: 1 is 100 %
 * @returns undefined for a key that does not change the zoom
 */
export function zoomAfter(key: string, present: number): number | undefined {
  if (key === '+' || key === '=') return steps.find((step) => step > present + tolerance) ?? present;
  if (key === '-' || key === '_') return steps.findLast((step) => step < present - tolerance) ?? present;
  return key === '0' ? 1 : undefined;
}

/**
 * Zooms with Ctrl (Cmd on macOS) and +, - or 0, as the menus of other apps do, for people who need larger text (WCAG 1.4.4).
 */
export function zoomByKeys(contents: WebContents): void {
  contents.on('before-input-event', (event, { type, key, control, meta, alt }) => {
    if (type !== 'keyDown' || alt || !(process.platform === 'darwin' ? meta : control)) return;
    const wanted = zoomAfter(key, contents.getZoomFactor());
    if (wanted === undefined) return;
    event.preventDefault();
    contents.setZoomFactor(wanted);
  });
}
