import './system/smallHeap.ts';
import { serve } from './host/headless.ts';
import { systemKeyring } from './storage/keyringProtection.ts';

// Runs the headless host under Node. The packed app runs the same host: packedHeadless.ts.
void serve({ keyring: systemKeyring });
