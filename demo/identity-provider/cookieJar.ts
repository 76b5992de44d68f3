interface Cookie {
  readonly origin: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

/** The cookies of one browser, by origin and path; it ignores SameSite. */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** @param setCookie - the values of the response's `Set-Cookie` lines */
  keep(url: URL, setCookie: readonly string[]): void {
    for (const line of setCookie) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const [name, value] = splitAt(pair);
      const settings = new Map(attributes.map((attribute) => lowerName(splitAt(attribute))));
      const cookie = { origin: url.origin, path: settings.get('path') ?? '/', name, value };
      const key = JSON.stringify([cookie.origin, cookie.path, name]);
      const expires = Date.parse(settings.get('expires') ?? '');
      if (expires <= Date.now()) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /** The value of the `Cookie` header for this address; undefined if there is none. */
  headerFor(url: URL): string | undefined {
    const matching = [...this.#cookies.values()]
      .filter(({ origin, path }) => origin === url.origin && isWithin(url.pathname, path))
      .sort((one, other) => other.path.length - one.path.length);
    return matching.length === 0 ? undefined : matching.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

/** RFC 6265 §5.1.4. */
function isWithin(pathname: string, path: string): boolean {
  if (pathname === path) return true;
  return pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/');
}

function splitAt(pair: string): [name: string, value: string] {
  const index = pair.indexOf('=');
  return index === -1 ? [pair, ''] : [pair.slice(0, index), pair.slice(index + 1)];
}

function lowerName([name, value]: [string, string]): [string, string] {
  return [name.toLowerCase(), value];
}
