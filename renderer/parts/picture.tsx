import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

/** A picture, or what stands for it when there is none or it cannot be drawn. The words beside it speak for both. */
export function Picture({ source, children }: { source: string | undefined; children: ComponentChildren }) {
  // Which one, not whether: another picture deserves another try.
  const [broken, setBroken] = useState<string>();
  if (source === undefined || source === broken) return <>{children}</>;
  return <img src={source} alt="" onError={() => setBroken(source)} />;
}
