/** What was sent to the provider, and must not appear in an error when the provider repeats it (T9). */
export type Secrets = readonly (string | undefined)[];

/** The longest part of a text that is shown, in characters. */
const maxLength = 200;

/**
 * `error: description` of RFC 6749 §5.2 for a person, cut to a length that a page can show. The RFC allows ASCII alone, but
 * providers write in the language of their people. Only what nobody can see is left out: control characters, and those that
 * change the direction of the text around them.
 */
export function oauthWords(error: string, description: string | undefined, secrets: Secrets = []): string {
  // Both as they are and as they were encoded in the request.
  const sent = secrets.flatMap((secret) =>
    secret ? [secret, String(new URLSearchParams({ secret })).slice('secret='.length)] : [],
  );
  const [code, words] = [error, description ?? ''].map((text) => {
    const masked = masking(sent.reduce((rest, secret) => rest.replaceAll(secret, '...'), text));
    const seen = masked.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
    return [...seen].slice(0, maxLength).join('');
  });
  return words ? `${code}: ${words}` : `${code}`;
}

/** What may be a secret that was sent in another form, or earlier: no word is that long. */
const longRun = /[A-Za-z0-9._~+/=-]{32,}/g;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[.]?$/i;

/** Hides what may be a secret. A trace id stays, for whoever is asked for help; of an address the part before its parameters. */
function masking(text: string): string {
  return text
    .split(/(https?:\/\/[^\s"'<>]+)/)
    .map((part, index) => (index % 2 === 1 ? maskedAddress(part) : maskedRuns(part)))
    .join('');
}

function maskedAddress(address: string): string {
  const [place = '', ...parameters] = address.split(/[?#]/);
  const path = place.split('/').map(maskedRuns).join('/');
  return parameters.length > 0 ? `${path}?...` : path;
}

function maskedRuns(text: string): string {
  return text.replace(longRun, (run) => (uuid.test(run) ? run : '...'));
}
