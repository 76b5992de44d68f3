import { z } from 'zod';
import { verbatim } from '../../../preload/texts/messages.ts';
import type { Challenge, SignInRequest, SignInResult, TokenResult } from '../../broker/login/requests.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { auth0User, oauthToken, oauthTokenAnswer, userAnswer } from './auth0.ts';
import {
  ignoredSchema,
  ignoredText,
  isKnownScope,
  knownScopes,
  optional,
  optionalText,
  required,
  requiredText,
  requiredUuid,
  responseMode,
  s256,
  scope,
  text,
  uuid,
} from './fields.ts';
import { parse, shape } from './parse.ts';

/** POST /pkce/code. */
export const seededPkce = z.object({
  schema: ignoredSchema,
  response_type: required(z.literal('code')),
  state: requiredUuid,
  nonce: requiredUuid,
  redirect_uri: optionalText,
  code_challenge: requiredText,
  code_challenge_method: required(s256),
  domain: optionalText,
  audience: optionalText,
  screen_hint: optional(z.literal('signup')),
  prompt: optional(z.enum(['login', 'none'])),
  organization: optionalText,
  invitation: optionalText,
  scope: required(scope),
  client_id: requiredText,
  ADDITIONAL_PARAMETERS: optional(
    z.object({ access_type: optional(z.literal('offline')), display: optional(z.literal('popup')) }),
  ),
  response_mode: optional(responseMode),
});
export type SeededPkce = z.infer<typeof seededPkce>;

/**
 * What the provider sends to the callback: a code or an error. The broker parses it, because it must see duplicates.
 */
export const respondForm = z.object({
  state: text,
  code: text.optional(),
  iss: text.optional(),
  error: text.optional(),
  error_description: text.optional(),
  schema: ignoredText,
});

/** @throws LoopgateError `invalid_request` */
export function parseSeededPkce(body: unknown): { seed: SeededPkce; request: SignInRequest } {
  const seed = parse(seededPkce, body);
  if (seed.nonce !== seed.state) {
    throw new LoopgateError('invalid_request', { happened: verbatim('nonce must be equal to state.') });
  }
  return {
    seed,
    request: {
      clientId: seed.client_id,
      audience: seed.audience,
      scope: seed.scope,
      redirectUri: seed.redirect_uri,
      responseMode: seed.response_mode,
      state: seed.state,
      codeChallenge: seed.code_challenge,
      prompt: seed.prompt,
      organization: seed.organization,
      invitation: seed.invitation,
      screenHint: seed.screen_hint,
      display: seed.ADDITIONAL_PARAMETERS?.display,
      accessType: seed.ADDITIONAL_PARAMETERS?.access_type,
    },
  };
}

/** ChallengedPKCE. `nonce` equals the state, and clients compare it locally; it is not the OpenID nonce. */
export const challengedPkce = z.object({ state: uuid, nonce: uuid, challenge: text, method: s256, verifier: text });
export const resultedPkce = z.object({ code: text.min(1), state: text.min(1) });
const seedAnswer = z.object({
  ...seededPkce.shape,
  schema: z.undefined().optional(),
  scope: z.array(z.enum(knownScopes)),
});
export const auth0 = z.object({
  domain: text,
  client: text,
  audience: text,
  redirects: z.object({}),
  oAuth: z.object({ token: oauthToken }),
  user: auth0User.optional(),
});
export const pkce = z.object({
  seed: seedAnswer.optional(),
  challenge: challengedPkce.optional(),
  result: resultedPkce.optional(),
  auth0: auth0.optional(),
});

/** The answer of GET /pkce/challenge. */
export function challengeAnswer(challenge: Required<Challenge>) {
  return shape(pkce, { challenge: challengeModel(challenge) });
}

/** The answer of POST /pkce/code. It returns the seed as Loopgate read it, without scopes that no client knows. */
export function codeAnswer(result: SignInResult, seed: SeededPkce | undefined) {
  const { challenge } = result;
  return shape(pkce, {
    ...(seed && { seed: { ...seed, schema: undefined, scope: seed.scope.filter(isKnownScope) } }),
    ...(challenge?.codeVerifier !== undefined && {
      challenge: challengeModel({ ...challenge, codeVerifier: challenge.codeVerifier }),
    }),
    result: resultAnswer(result),
  });
}

/** ResultedPKCE: the answer of GET /authorize, and the `result` of other answers. */
export function resultAnswer({ code, state }: { code: string; state: string }) {
  return shape(resultedPkce, { code, state });
}

/** The answer of POST /pkce/response/code to a program. */
export function responseAnswer(result: { code: string; state: string }) {
  return shape(pkce, { result: resultAnswer(result) });
}

/** The answer of POST /pkce/token. @param now - milliseconds since the epoch */
export function tokenAnswer(result: TokenResult, domain: string, now: number) {
  return shape(pkce, {
    auth0: {
      domain,
      client: result.clientId,
      audience: result.audience ?? '',
      redirects: {},
      oAuth: { token: oauthTokenAnswer(result, now) },
      ...(result.profile && { user: userAnswer(result.profile) }),
    },
  });
}

function challengeModel({ state, codeChallenge, codeVerifier }: Required<Challenge>) {
  return { state, nonce: state, challenge: codeChallenge, method: 'S256' as const, verifier: codeVerifier };
}
