import { expect, test } from 'vitest';
import { Pictures, readPicture } from './profilePictures.ts';

const address = 'https://pictures.example/ada.png';
const png = (size: number) => new Response(new Uint8Array(size), { headers: { 'content-type': 'image/png' } });

test('a picture becomes a data: address, is fetched once, and its coming is told', async () => {
  const fetched: string[] = [];
  await new Promise<void>((changed) => {
    const pictures = new Pictures(
      async (url) => {
        fetched.push(url);
        return png(4);
      },
      undefined,
      () => {
        expect(pictures.of(address)).toBe('data:image/png;base64,AAAAAA==');
        changed();
      },
    );
    expect(pictures.of(address)).toBeUndefined();
    expect(pictures.of(address)).toBeUndefined();
  });
  expect(fetched).toEqual([address]);
});

test.each([
  ['too large', async () => png(512 * 1024 + 1)],
  ['of another type', async () => new Response('<svg/>', { headers: { 'content-type': 'image/svg+xml' } })],
  ['not there', async () => new Response('', { status: 404, headers: { 'content-type': 'image/png' } })],
  ['out of reach', () => Promise.reject(new TypeError('fetch failed'))],
])('a picture that is %s is not shown', async (_what, answer) => {
  expect(await readPicture(address, answer, undefined)).toBeUndefined();
});

test('the largest picture that is allowed is shown', async () => {
  expect(await readPicture(address, async () => png(512 * 1024), undefined)).toMatch(/^data:image\/png;base64,A+/);
});

test.each([
  ['http://pictures.example/x', undefined, false],
  ['http://localhost:2/x', 'http://localhost:1', false],
  ['http://localhost:1/x', 'http://localhost:1', true],
  ['file:///etc/passwd', 'http://localhost:1', false],
  ['nonsense', 'http://localhost:1', false],
])('nothing is fetched over http but from the configured provider: %s', async (where, origin, expected) => {
  let isFetched = false;
  await readPicture(
    where,
    async () => {
      isFetched = true;
      return png(1);
    },
    origin,
  );
  expect(isFetched).toBe(expected);
});
