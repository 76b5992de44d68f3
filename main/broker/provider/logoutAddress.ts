import type { ServerMetadata } from 'openid-client';
import { auth0Layout } from './providerChecks.ts';

/** The request to the provider's logout page. */
export interface LogoutParameters {
  readonly clientId: string;
  readonly returnTo?: string;
  /** End the session at the upstream provider too, if the provider is laid out like Auth0. */
  readonly federated?: boolean;
}

/**
 * The address where the browser ends the provider's own session: Auth0's `/v2/logout` if the provider is laid out like Auth0,
 * otherwise `end_session_endpoint`; undefined if it has neither. T9: never with an id_token_hint.
 */
export function logoutAddress(metadata: ServerMetadata, parameters: LogoutParameters): string | undefined {
  if (auth0Layout(metadata) === 'all') {
    const url = new URL(`${metadata.issuer.replace(/\/$/, '')}/v2/logout`);
    url.searchParams.set('client_id', parameters.clientId);
    if (parameters.returnTo !== undefined) url.searchParams.set('returnTo', parameters.returnTo);
    // Auth0 only checks whether the parameter is present, whatever its value.
    if (parameters.federated) url.searchParams.set('federated', '');
    return url.href;
  }
  if (metadata.end_session_endpoint === undefined) return undefined;
  const url = new URL(metadata.end_session_endpoint);
  url.searchParams.set('client_id', parameters.clientId);
  if (parameters.returnTo !== undefined) url.searchParams.set('post_logout_redirect_uri', parameters.returnTo);
  return url.href;
}
