import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { Provider } from '../provider/provider.ts';
import { normaliseIssuer } from '../provider/providerChecks.ts';
import { isSameIssuer } from '../session/account.ts';
import type { StoredAccount } from '../session/vault.ts';

/** What the settings say about this machine's registration at the provider. */
export interface RegistrationSettings {
  readonly clientId?: string;
  readonly audience?: string;
  /** The scopes of the session, space-separated. */
  readonly scope: string;
  /** Additional clients that programs may use. */
  readonly clients: readonly string[];
  readonly redirectUris: readonly string[];
  readonly returnTo: readonly string[];
}

/** Knows what is registered at the provider: clients, redirect URIs and logout addresses. All are matched exactly. */
export class Registration {
  readonly settings: RegistrationSettings;
  /** The broker's own callback; set once the API listens. */
  redirectUri = '';
  readonly #provider: Provider | undefined;

  constructor(settings: RegistrationSettings, provider: Provider | undefined) {
    this.settings = settings;
    this.#provider = provider;
  }

  /** The configured issuer; undefined when none is configured. */
  get issuer(): string | undefined {
    return this.#provider?.configuredIssuer;
  }

  /** @throws LoopgateError `not_configured` */
  provider(): Provider {
    if (!this.#provider) throw new LoopgateError('not_configured');
    return this.#provider;
  }

  /** W12. @returns the client; by default the configured one @throws LoopgateError */
  clientId(asked: string | undefined): string {
    this.provider();
    const { clientId, clients } = this.settings;
    if (clientId !== undefined && (asked === undefined || asked === clientId)) return clientId;
    if (asked !== undefined && clients.includes(asked)) return asked;
    throw new LoopgateError('invalid_request', {
      happened: verbatim('client_id is neither the configured one nor one of the setting "clients".'),
    });
  }

  /** R7. @returns the redirect URI; by default the broker's own @throws LoopgateError */
  redirectUriFor(asked: string | undefined): string {
    if (asked === undefined || asked === this.redirectUri) return this.redirectUri;
    if (this.isListed(asked)) return asked;
    throw new LoopgateError('invalid_request', {
      happened: verbatim(`redirect_uri is neither ${this.redirectUri} nor one of the setting "redirectUris".`),
    });
  }

  /** True for a redirect URI of a program. */
  isListed(redirectUri: string): boolean {
    return this.settings.redirectUris.includes(redirectUri);
  }

  /** T11. @throws LoopgateError */
  checkReturnTo(returnTo: string): void {
    if (this.settings.returnTo.includes(returnTo)) return;
    throw new LoopgateError('invalid_request', {
      happened: verbatim('returnTo is not on the list of the setting "returnTo".'),
    });
  }

  /** Whether an account belongs to the configured provider, application and API. */
  owns(account: Pick<StoredAccount, 'issuer' | 'configuredIssuer' | 'clientId' | 'audience'>): boolean {
    if (this.issuer === undefined) return false;
    const configured = normaliseIssuer(this.issuer);
    const issuers = [account.issuer, account.configuredIssuer ?? account.issuer];
    return issuers.some((issuer) => isSameIssuer(issuer, configured)) && this.isForSession(account);
  }

  /** W15: whether a login with this client and audience becomes the broker's own session. */
  isForSession(request: { clientId: string; audience?: string | undefined }): boolean {
    return request.clientId === this.settings.clientId && request.audience === this.settings.audience;
  }
}
