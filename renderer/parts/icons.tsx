/** Loopgate's mark, as in build/icons/loopgate.svg: a loop that is also a gate, with a person in it. */
export function Mark() {
  return (
    <svg class="mark" viewBox="24 24 464 464" aria-hidden="true">
      <rect class="mark-ground" x="24" y="24" width="464" height="464" rx="108" />
      <path class="mark-line" d="M126 390H208V328A124 124 0 1 1 304 328V390H386" />
      <circle class="mark-dot" cx="256" cy="214" r="44" />
    </svg>
  );
}

/** Stands for a person without a known letter. */
export function Person() {
  return (
    <svg class="person-icon" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="8.5" r="4" />
      <path d="M4 20.5c.8-4.2 4-6 8-6s7.2 1.8 8 6z" />
    </svg>
  );
}

export function Check() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="m3.5 8.5 3 3 6-7" />
    </svg>
  );
}

/** A check in a ring: the provider has verified the e-mail address. */
export function Verified() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6.25" />
      <path d="m5.25 8.25 2 2 3.5-4" />
    </svg>
  );
}

/** Stands for an unknown program: an empty window. */
export function UnknownProgram() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M5.6 6.1a2.4 2.4 0 1 1 3.5 2.2c-.7.4-1.1.9-1.1 1.7" />
      <path d="M8 12.6v.05" />
    </svg>
  );
}
