import { textAt } from './providerErrors.ts';

/** The refresh token of a token endpoint's answer, not checked yet; the checks follow with the rest of the answer. */
export async function refreshTokenOf(response: Response): Promise<string | undefined> {
  const answer: unknown = await response.json().catch(() => undefined);
  // Ignore an empty refresh token: it would replace the one that works.
  return response.ok ? textAt(answer, 'refresh_token') || undefined : undefined;
}

/** Members that a token answer may leave out. Some providers send null or an empty text instead. */
const optional = ['refresh_token', 'scope', 'expires_in', 'id_token'] as const;

/** Rewrites a token endpoint's answer so that openid-client understands it. */
export async function tokenAnswer(response: Response): Promise<Response> {
  const headers = new Headers(response.headers);
  // A challenge beside an error would hide the error (RFC 6749 §5.2: a 401 has both).
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
    // It is not JSON, or is nested too deeply to be written again: openid-client then refuses it unchanged.
    return text;
  }
}
