import ElectronStore from 'electron-store';
import express from 'express';
import * as client from 'openid-client';
import type { PlatformFetch } from '../../main/broker/provider/providerFetch.ts';

/**
 * What every Loopgate has, as its packages are fixed: express, electron-store and openid-client, and nothing of our own. A figure
 * of this is one that no Loopgate gets below.
 * @param issuer - asked once for its metadata
 */
export async function useFixedPackages(fetch: PlatformFetch, issuer: string): Promise<unknown> {
  const asked = await client.discovery(new URL(issuer), 'loopgate', undefined, client.None(), {
    [client.customFetch]: (url, options) => fetch(url, options as RequestInit),
    execute: [client.allowInsecureRequests],
  });
  return [express(), ElectronStore, asked];
}
