import { describe, expect, it } from 'vitest';
import { sharedRead } from './sharedRead.ts';

/** Everything that can go on without an answer from outside has gone on. */
const allSettled = () => new Promise((resolve) => setImmediate(resolve));

describe('one read serves all that wait [C12]', () => {
  it('those who come together share one, and who comes while it runs gets a later one', async () => {
    const reads: ((value: number) => void)[] = [];
    const read = sharedRead(() => new Promise<number>((resolve) => reads.push(resolve)));
    const early = Promise.all([read(), read(), read()]);
    await allSettled();
    const late = Promise.all([read(), read()]);
    await allSettled();
    expect(reads).toHaveLength(1);
    reads[0]?.(1);
    expect(await early).toEqual([1, 1, 1]);
    await allSettled();
    expect(reads).toHaveLength(2);
    reads[1]?.(2);
    expect(await late).toEqual([2, 2]);
  });

  it('a read that fails does not spoil the next one', async () => {
    let fails = true;
    const read = sharedRead(async () => {
      if (fails) throw new Error('EMFILE');
      return 1;
    });
    await expect(read()).rejects.toThrow('EMFILE');
    fails = false;
    expect(await read()).toBe(1);
  });
});
