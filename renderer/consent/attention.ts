/** How long a question must have the person's attention before they can allow it, in milliseconds. */
export const inertFor = 1_000;

/** Shows whether a person can be looking: the page itself, or a test's stand-in. */
export interface AttentionSource {
  /** True while the page is visible and its window has the focus. */
  hasAttention(): boolean;
  /** Calls `listener` whenever that may have changed. @returns the function that stops it */
  onChange(listener: () => void): () => void;
}

export const pageAttention: AttentionSource = {
  hasAttention: () => document.visibilityState === 'visible' && document.hasFocus(),
  onChange(listener) {
    document.addEventListener('visibilitychange', listener);
    window.addEventListener('focus', listener);
    window.addEventListener('blur', listener);
    return () => {
      document.removeEventListener('visibilitychange', listener);
      window.removeEventListener('focus', listener);
      window.removeEventListener('blur', listener);
    };
  },
};

/**
 * Reports when the page has had the attention for {@link inertFor} without a break, and when it loses it again. A question
 * can appear under what the person is typing or clicking, and input that was meant for another window must not allow
 * anything.
 * @param onTurn - gets true when the time has passed, and false at each loss after that
 * @returns the function that stops it
 */
export function watchAttention(source: AttentionSource, onTurn: (isAttentive: boolean) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAttentive = false;

  function turn(next: boolean) {
    if (next === isAttentive) return;
    isAttentive = next;
    onTurn(next);
  }

  function look() {
    if (!source.hasAttention()) {
      clearTimeout(timer);
      timer = undefined;
      turn(false);
    } else {
      timer ??= setTimeout(() => turn(true), inertFor);
    }
  }

  const stop = source.onChange(look);
  look();
  return () => {
    clearTimeout(timer);
    stop();
  };
}
