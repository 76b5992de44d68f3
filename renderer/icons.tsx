/** Loopgate's mark: a loop that is open on one side, and what passes through the opening. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 64 64" aria-hidden="true">
      <rect class="mark-ground" width="64" height="64" rx="15" />
      <path class="mark-line" d="M42.4 20A16 16 0 1 0 42.4 44" />
      <circle class="mark-dot" cx="46" cy="32" r="4.5" />
    </svg>
  );
}

/** Stands for a person of whom not even a letter is known. */
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
