import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

/** A picture, or the children if it is missing or cannot be drawn. The words beside it describe either. */
export function Picture({ source, children }: { source: string | undefined; children: ComponentChildren }) {
  // Remembers which picture is broken, so that another one gets a new try.
  const [broken, setBroken] = useState<string>();
  if (source === undefined || source === broken) return <>{children}</>;
  return <img src={source} alt="" onError={() => setBroken(source)} />;
}
