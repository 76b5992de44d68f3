import type { Page } from 'playwright';

/**
 * What is cut off, covered or out of reach in a page at its present size and zoom (WCAG 1.4.4, 1.4.10). The page may scroll,
 * but only up and down.
 *
 * @returns one line for each finding
 */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(cutOffInPage);
}

/**
 * What moves in a page for longer than a hundredth of a second, or would when something changes. To be asked of a page that
 * was told `prefers-reduced-motion: reduce`.
 *
 * @returns one line for each finding
 */
export function moving(page: Page): Promise<string[]> {
  return page.evaluate(movingInPage);
}

/** One control, when the Tab key had brought the focus to it. */
interface Stop {
  /** Its place among all controls of the page, from 0 on; -1 for none of them. */
  readonly place: number;
  readonly name: string;
  readonly findings: readonly string[];
}

/**
 * Goes through a page by Tab, once around.
 *
 * @returns the names of the controls in the order of the stops, and one line for each finding: a control that was left out or
 *   comes out of the order of the screen, one whose focus is not seen (WCAG 2.4.7, 1.4.11) or is covered (2.4.11), a trap (2.1.2)
 */
export async function tabThrough(page: Page): Promise<{ stops: string[]; findings: string[] }> {
  const prepared = (await page.evaluate(prepareTabInPage)) as { count: number; findings: string[] };
  const stops: Stop[] = [];
  // One more, for between the last and the first the focus may be on none of them.
  for (let press = 0; press <= prepared.count && stops.length < prepared.count; press += 1) {
    await page.keyboard.press('Tab');
    const stop = (await page.evaluate(stopInPage)) as Stop;
    if (stop.place >= 0) stops.push(stop);
  }
  const places = stops.map(({ place }) => place).join(' ');
  const expected = Array.from({ length: prepared.count }, (_, place) => place).join(' ');
  const findings = [...prepared.findings, ...stops.flatMap((stop) => stop.findings)];
  if (places !== expected) findings.push(`Tab goes ${places} instead of ${expected}`);
  return { stops: stops.map(({ name }) => name), findings };
}

/**
 * Listens to a page as a screen reader does: to what comes into its live regions.
 *
 * @returns gives what was said since the last time it was asked
 */
export async function listenTo(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(listenInPage);
  return () => page.evaluate('window.said.splice(0)');
}

// All that runs in the page is text: this project's types know no DOM.

const named = `const named = (element) => {
  const words = (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim();
  const kind = element.tagName.toLowerCase() + [...element.classList].map((name) => '.' + name).join('');
  return kind + ' "' + words.slice(0, 40) + '"';
};`;

const controls = `const controls = () => {
  const isStop = (element) => {
    if (element.disabled || element.tabIndex < 0 || !element.checkVisibility()) return false;
    if (element.type !== 'radio' || element.checked) return true;
    const group = [...document.getElementsByName(element.name)];
    return group[0] === element && !group.some(({ checked }) => checked);
  };
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(isStop);
};
// The element itself, or what belongs to it, is what lies at one of its points.
const isSeen = (element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const across = [left + 3, (left + right) / 2, right - 3];
  const down = [top + 3, (top + bottom) / 2, bottom - 3];
  return across.some((x) => down.some((y) => element.contains(document.elementFromPoint(x, y))));
};`;

const cutOffInPage = `(() => {
  ${named}
  ${controls}
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    found.push('the page scrolls sideways: ' + root.scrollWidth + ' > ' + root.clientWidth);
  }
  const isShown = (element) => element.checkVisibility() && !element.closest('.visually-hidden, svg');
  for (const element of document.body.querySelectorAll('*')) {
    // What is typed into a line of text scrolls in it.
    if (!isShown(element) || element.tagName === 'INPUT') continue;
    const { overflowX, overflowY, textOverflow } = getComputedStyle(element);
    const hides = [overflowX, overflowY].some((overflow) => overflow !== 'visible');
    if ((hides || element.tagName === 'BUTTON') && element.scrollWidth > element.clientWidth + 1) {
      found.push('too wide for its box: ' + named(element) + ' ' + element.scrollWidth + ' > ' + element.clientWidth);
    }
    if (overflowY === 'hidden' && element.scrollHeight > element.clientHeight + 1) {
      found.push('too high for its box: ' + named(element));
    }
    if (textOverflow === 'ellipsis') found.push('shortened: ' + named(element));
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!isShown(text.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const { left, right, width } of range.getClientRects()) {
      if (width > 0 && (left < -1 || right > root.clientWidth + 1)) found.push('outside of the window: ' + text.data);
    }
  }
  const { scrollX, scrollY } = window;
  for (const control of controls()) {
    control.scrollIntoView({ block: 'center', behavior: 'instant' });
    if (!isSeen(control)) found.push('cannot be scrolled to: ' + named(control));
  }
  window.scrollTo({ left: scrollX, top: scrollY, behavior: 'instant' });
  return [...new Set(found)];
})()`;

const movingInPage = `(() => {
  ${named}
  const longest = 10;
  const milliseconds = (list) => Math.max(...list.split(',').map((one) => parseFloat(one) * (one.trim().endsWith('ms') ? 1 : 1000)));
  const found = document.getAnimations()
    .filter(({ effect, playState }) => playState === 'running' && Number(effect.getComputedTiming().activeDuration) > longest)
    .map((animation) => 'runs: ' + named(animation.effect.target));
  for (const element of document.querySelectorAll('*')) {
    const { transitionDuration, animationName, animationDuration } = getComputedStyle(element);
    if (milliseconds(transitionDuration) > longest) found.push('would fade: ' + named(element));
    if (animationName !== 'none' && milliseconds(animationDuration) > longest) found.push('moves: ' + named(element));
  }
  return found;
})()`;

const prepareTabInPage = `(() => {
  ${named}
  ${controls}
  const all = controls();
  const look = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
    return [outlineStyle, outlineWidth, outlineColor, boxShadow].join(' ');
  };
  document.activeElement?.blur();
  const findings = [];
  const rectangles = all.map((element) => element.getBoundingClientRect());
  for (const [place, here] of rectangles.entries()) {
    const before = rectangles[place - 1];
    if (!before) continue;
    const isInOneRow = here.top < before.bottom && before.top < here.bottom;
    if (isInOneRow ? here.left < before.left : here.top < before.top) {
      findings.push(named(all[place]) + ' comes after ' + named(all[place - 1]) + ', but stands before it');
    }
  }
  window.walk = { all, look, plain: new Map(all.map((element) => [element, look(element)])) };
  // The next stop after the last one is the first one.
  all.at(-1)?.focus();
  return { count: all.length, findings };
})()`;

const stopInPage = `(() => {
  ${named}
  ${controls}
  const element = document.activeElement;
  const place = window.walk.all.indexOf(element);
  if (place < 0) return { place, name: element ? named(element) : '', findings: [] };
  const findings = [];
  const say = (what) => findings.push(named(element) + ': ' + what);
  const style = getComputedStyle(element);
  const isOutlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  if (!isOutlined && style.boxShadow === 'none') say('the focus has no outline');
  if (window.walk.look(element) === window.walk.plain.get(element)) say('looks the same without the focus');
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  // It is drawn around the element, on what lies below that.
  let below = element.parentElement;
  while (below && channels(getComputedStyle(below).backgroundColor)[3] === 0) below = below.parentElement;
  const grounds = [luminance(style.outlineColor), luminance(getComputedStyle(below ?? document.documentElement).backgroundColor)];
  const contrast = (Math.max(...grounds) + 0.05) / (Math.min(...grounds) + 0.05);
  if (!(contrast >= 3)) say('the outline has a contrast of ' + contrast.toFixed(2));
  if (!isSeen(element)) say('is covered or outside of the window');
  return { place, name: named(element), findings };
})()`;

const listenInPage = `(() => {
  const live = '[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]';
  const last = new Map([...document.querySelectorAll(live)].map((region) => [region, region.textContent]));
  window.said = [];
  new MutationObserver(() => {
    for (const region of document.querySelectorAll(live)) {
      const text = region.textContent;
      if (text !== '' && last.get(region) !== text) window.said.push(region.getAttribute('role') + ': ' + text);
      last.set(region, text);
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
})()`;
