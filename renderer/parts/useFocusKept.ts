import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * Gives keyboard users a place to continue: if the focused control disappears with its screen, the first heading of the new
 * screen gets the focus, not the start of the page (WCAG 2.2, 2.4.3).
 * @param shown - changes whenever the screen may have changed
 * @param tab - the tab that is shown, if there are several
 * @returns the reference for the element that contains the screens
 */
export function useFocusKept<Container extends HTMLElement>(shown: unknown, tab?: string): RefObject<Container | null> {
  const container = useRef<Container>(null);
  const last = useRef<Node | null>(null);

  useEffect(() => {
    const remember = (event: FocusEvent) => {
      last.current = event.target as Node;
    };
    document.addEventListener('focusin', remember);
    return () => document.removeEventListener('focusin', remember);
  }, []);

  useEffect(() => {
    if (last.current === null || last.current.isConnected) return;
    last.current = null;
    container.current?.querySelector<HTMLElement>('h2[tabindex]')?.focus();
  }, [shown, tab]);

  return container;
}
