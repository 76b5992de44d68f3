import { textAt } from './providerErrors.ts';

/** The refresh token of a token endpoint's answer, as it stands there; checked later, with the rest of it. */
export async function refreshTokenOf(response: Response): Promise<string | undefined> {
  const answer: unknown = await response.json().catch(() => undefined);
  // An empty one is none: kept, it would replace the one that works.
  return response.ok ? textAt(answer, 'refresh_token') || undefined : undefined;
}

/** What a token answer may leave out, and some providers write as null or as an empty text instead. */
const optional = ['refresh_token', 'scope', 'expires_in', 'id_token'] as const;

/** A token endpoint's answer as openid-client understands it. */
export async function tokenAnswer(response: Response): Promise<Response> {
  const headers = new Headers(response.headers);
  // A challenge beside an error would hide it (RFC 6749 §5.2: a 401 has both).
  headers.delete('www-authenticate');
  const { status } = response;
  const text = await response.text();
  return new Response(text === '' ? null : withoutEmpty(text), { status, headers });
}

function withoutEmpty(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return text;
    const empty = optional.filter((name) => ['', null].includes(Reflect.get(answer, name)));
    if (empty.length === 0) return text;
    return JSON.stringify(
      Object.fromEntries(Object.entries(answer).filter(([name]) => !empty.some((one) => one === name))),
    );
  } catch {
    // No JSON, or nested too deeply to be written again: it is refused as it stands.
    return text;
  }
}
