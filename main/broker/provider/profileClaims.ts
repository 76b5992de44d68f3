import type { IdTokenClaims } from './claims.ts';

/** The claims about a person that an ID token may carry (OIDC Core §5.1), and the two of Auth0 that clients read. */
const aboutPerson: readonly string[] = [
  ...['sub', 'name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile'],
  ...['picture', 'website', 'email', 'email_verified', 'gender', 'birthdate', 'zoneinfo', 'locale'],
  ...['phone_number', 'phone_number_verified', 'address', 'updated_at', 'username', 'user_metadata'],
];
/** These are true or false. Some providers (Amazon Cognito) send them as text. */
const booleans: readonly string[] = ['email_verified', 'phone_number_verified'];
/** Seconds since the epoch do not get this large for thousands of years: it is milliseconds. */
const maxSeconds = 100_000_000_000;

/** T21: the ground of a profile, from the claims of a verified ID token. */
export function profileOfIdToken(claims: IdTokenClaims | Record<string, unknown>): Record<string, unknown> {
  return profileOf(Object.fromEntries(Object.entries(claims).filter(([name]) => aboutPerson.includes(name))));
}

/**
 * A profile as OIDC Core §5.1 and §5.3.2 want it. What providers often get wrong is put right: null and "" are absent, a
 * boolean may be a text, a time may be a text or in milliseconds. `username` is the name that the person signs in with.
 */
export function profileOf(sent: Record<string, unknown>): Record<string, unknown> {
  const present = Object.entries(sent).filter(([, value]) => value !== null && value !== '');
  const profile = Object.fromEntries(present.map(([name, value]) => [name, corrected(name, value)]));
  const username = profile.username ?? profile.preferred_username;
  return username === undefined ? profile : { ...profile, username };
}

function corrected(name: string, value: unknown): unknown {
  if (booleans.includes(name)) return value === 'true' || (value === 'false' ? false : value);
  if (name !== 'updated_at') return value;
  const time = typeof value === 'string' && /^\d{9,14}$/.test(value) ? Number(value) : value;
  return typeof time === 'number' && time > maxSeconds ? time / 1000 : time;
}
