import { serve } from './host/headless.ts';
import { systemKeyring } from './storage/keyringProtection.ts';
import './system/smallHeap.ts';

// The headless host as Node runs it. The packed app runs the same one: packedHeadless.ts.
void serve({ keyring: systemKeyring });
