import './smallHeap.ts';
import { serve } from './headless.ts';
import { systemKeyring } from './keyringSealer.ts';

// The headless host as Node runs it. The packed app runs the same one: packedHeadless.ts.
void serve({ keyring: systemKeyring });
