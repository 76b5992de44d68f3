import type { PlatformFetch } from '../../broker/provider/providerFetch.ts';

/** The size of the largest picture that is shown. Bytes. */
const maxPictureBytes = 512 * 1024;
const pictureTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
/** Milliseconds. */
const timeout = 10_000;

/**
 * Fetches people's pictures in the main process, so that the window needs no network. It limits size and type, and fetches
 * only over https or from the provider itself.
 */
export class Pictures {
  readonly #fetch: PlatformFetch;
  readonly #providerOrigin: string | undefined;
  readonly #changed: () => void;
  readonly #pictures = new Map<string, string | undefined>();

  /** @param changed - called when a picture has arrived */
  constructor(fetch: PlatformFetch, issuer: string | undefined, changed: () => void) {
    this.#fetch = fetch;
    this.#providerOrigin = issuer === undefined ? undefined : new URL(issuer).origin;
    this.#changed = changed;
  }

  /** The picture as a `data:` address; undefined until it has arrived. The first call starts the fetch. */
  of(address: string): string | undefined {
    if (this.#pictures.has(address)) return this.#pictures.get(address);
    this.#pictures.set(address, undefined);
    void readPicture(address, this.#fetch, this.#providerOrigin).then((picture) => {
      if (picture === undefined) return;
      this.#pictures.set(address, picture);
      this.#changed();
    });
    return undefined;
  }
}

/**
 * Fetches a picture. @returns a `data:` address; undefined when it must not be shown (the window then shows the initials)
 * @param providerOrigin - the only place that may use http
 */
export async function readPicture(
  address: string,
  fetch: PlatformFetch,
  providerOrigin: string | undefined,
): Promise<string | undefined> {
  try {
    const url = new URL(address);
    if (url.protocol !== 'https:' && url.origin !== providerOrigin) return undefined;
    const response = await fetch(url.href, { signal: AbortSignal.timeout(timeout), credentials: 'omit' });
    const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
    if (!response.ok || !response.body || !pictureTypes.includes(type)) return undefined;
    const bytes = await readAtMost(response.body, maxPictureBytes);
    return bytes && `data:${type};base64,${bytes.toString('base64')}`;
  } catch {
    return undefined;
  }
}

async function readAtMost(body: ReadableStream<Uint8Array>, limit: number): Promise<Buffer | undefined> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > limit) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks);
}
