/** oidc-provider 9 ships no types: this declares only the parts that the identity provider uses. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  /** A payload of one of oidc-provider's models, as an adapter gets it. */
  export interface AdapterPayload {
    [name: string]: unknown;
    accountId?: string;
    consumed?: unknown;
    grantId?: string;
    uid?: string;
    userCode?: string;
  }

  export interface Adapter {
    upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void>;
    find(id: string): Promise<AdapterPayload | undefined>;
    findByUid(uid: string): Promise<AdapterPayload | undefined>;
    findByUserCode(userCode: string): Promise<AdapterPayload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface Context {
    path: string;
    query: Record<string, string | string[] | undefined>;
    type: string;
    body: unknown;
    readonly oidc: {
      readonly account: { readonly accountId: string };
      readonly provider: Provider;
      readonly client: { readonly clientId: string };
      readonly params: Record<string, string | undefined>;
      readonly resourceServers: Record<string, unknown>;
      readonly route: string;
      readonly entities: { readonly RefreshToken?: { readonly resourceIndicators: Set<string> } };
    };
  }

  export interface Token {
    readonly clientId: string;
    readonly grantId?: string;
    readonly remainingTTL: number;
    readonly scopes: Set<string>;
  }

  export class Grant {
    constructor(properties: { accountId: string; clientId: string });
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    /** @returns the grant's id */
    save(): Promise<string>;
  }

  export interface Session {
    accountId?: string;
    loginTs?: number;
    authorizations?: Record<string, unknown> | undefined;
    persist(): Promise<string>;
    destroy(): Promise<void>;
  }

  export interface Interaction {
    readonly uid: string;
    readonly params: Record<string, unknown>;
    readonly session?: { readonly accountId: string; readonly uid?: string };
  }

  export type InteractionResult = { login: { accountId: string } } | { error: string; error_description: string };

  export type ResponseMode = (context: Context, redirectUri: string, payload: Record<string, string>) => unknown;

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    /** Whether to trust `X-Forwarded-Proto`. */
    proxy: boolean;
    readonly Client: { prototype: { redirectUris: string[]; redirectUriAllowed(redirectUri: string): boolean } };
    readonly RefreshToken: { prototype: { readonly resourceIndicators: Set<string> } };
    readonly Grant: typeof Grant;
    readonly Session: {
      get(context: Context): Promise<Session>;
      findByUid(uid: string): Promise<Session | undefined>;
    };
    callback(): RequestListener;
    createContext(request: IncomingMessage, response: ServerResponse): Context;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    /** Stores the outcome of an interaction. @returns the address where the authorization continues */
    interactionResult(request: IncomingMessage, response: ServerResponse, result: InteractionResult): Promise<string>;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'server_error', listener: (context: Context, error: Error) => void): this;
    registerResponseMode(name: string, handler: ResponseMode): void;
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): this;
  }

  export const errors: {
    readonly AccessDenied: new (description: string) => Error;
    readonly InvalidTarget: new () => Error;
  };

  interface Prompts extends Array<unknown> {
    remove(name: string): void;
  }
  export const interactionPolicy: { base(): Prompts };
}
