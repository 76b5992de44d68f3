import { expect, it } from 'vitest';
import type { AppView } from '../../preload/views/appView.ts';
import { watchView } from './watchView.ts';

const viewOf = (version: string) => ({ version }) as AppView;

/** A main process that answers, and tells of changes, when the test says so. */
function stage() {
  let answer: (view: AppView) => void = () => undefined;
  let refuse: () => void = () => undefined;
  let listener: ((view: AppView) => void) | undefined;
  const seen: string[] = [];
  const stop = watchView(
    {
      view: () =>
        new Promise((resolve, reject) => {
          answer = resolve;
          refuse = () => reject(new Error('gone'));
        }),
      onViewChanged(one) {
        listener = one;
        return () => {
          listener = undefined;
        };
      },
    },
    ({ version }) => seen.push(version),
    () => seen.push('silent'),
  );
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  return {
    seen,
    stop,
    answer: (view: AppView) => answer(view),
    refuse: () => refuse(),
    change: (view: AppView) => listener?.(view),
    settled,
  };
}

it('shows the view as it is, then each change', async () => {
  const { seen, answer, change, settled, stop } = stage();
  answer(viewOf('1'));
  await settled();
  change(viewOf('2'));
  stop();
  change(viewOf('3'));
  expect(seen).toEqual(['1', '2']);
});

it('a change that came while it was asked is newer than the answer', async () => {
  const { seen, answer, change, settled } = stage();
  change(viewOf('2'));
  answer(viewOf('1'));
  await settled();
  expect(seen).toEqual(['2']);
});

it('says when nobody answers', async () => {
  const { seen, refuse, settled } = stage();
  refuse();
  await settled();
  expect(seen).toEqual(['silent']);
});
