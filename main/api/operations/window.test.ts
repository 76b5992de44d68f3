import { describe, expect, it } from 'vitest';
import { type ApiRequest, noContent } from '../operation.ts';
import { windowOperations } from './window.ts';

const request = (authorization?: string) =>
  ({ header: (name: string) => (name === 'authorization' ? authorization : undefined) }) as ApiRequest;

describe('POST /window', () => {
  it('shows the window only to a caller with the key of the data folder', async () => {
    let shown = 0;
    const [operation] = windowOperations('the-key', async () => {
      shown += 1;
    });
    for (const authorization of [undefined, '', 'Bearer', 'Bearer wrong', 'Basic the-key', 'Bearer the-keyx']) {
      const asked = Promise.resolve().then(() => operation?.handle(request(authorization)));
      await expect(asked, String(authorization)).rejects.toMatchObject({ code: 'consent_denied' });
    }
    expect(shown).toBe(0);
    expect(await operation?.handle(request('Bearer the-key'))).toEqual(noContent());
    expect(shown).toBe(1);
  });

  it('says that there is none', async () => {
    const [operation] = windowOperations('the-key', undefined);
    const asked = Promise.resolve().then(() => operation?.handle(request('Bearer the-key')));
    await expect(asked).rejects.toMatchObject({ code: 'not_found', happened: 'This Loopgate has no window.' });
  });
});
