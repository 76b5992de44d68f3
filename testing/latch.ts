/** Holds work back until the test allows it: code that awaits `opened` continues after `open` was called. */
export function latch(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
