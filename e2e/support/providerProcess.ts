/**
 * The local provider as a process of its own, for a test whose network is not this process's. Prints how a host is to be set
 * up for it, as one line of JSON, and ends with SIGTERM. Its callbacks are exactly those that docs/providers/ names.
 */
import { startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { providerEnvironment } from './client.ts';

console.log(JSON.stringify(providerEnvironment(await startIdentityProvider({ deviceFlow: false }))));
