/** Language and region of the environment, as BCP 47 tags. The environment names them the POSIX way, such as `de_AT.UTF-8`. */
export interface EnvironmentLanguage {
  /** For texts; undefined if there is none, or it is the one without a language (`C`). */
  readonly language: string | undefined;
  /** For dates, times and numbers. */
  readonly region: string | undefined;
}

/** Reads the environment: `LC_ALL`, else `LC_MESSAGES` or `LC_TIME`, else `LANG` (POSIX, Base Definitions §8.2). */
export function environmentLanguage(environment: NodeJS.ProcessEnv): EnvironmentLanguage {
  const { LC_ALL, LC_MESSAGES, LC_TIME, LANG } = environment;
  // An empty variable counts as not set.
  return { language: tagOf(LC_ALL || LC_MESSAGES || LANG), region: tagOf(LC_ALL || LC_TIME || LANG) };
}

/** Turns a POSIX name or a tag into the canonical tag; undefined if it is not valid. */
export function tagOf(name: string | undefined): string | undefined {
  const [plain = ''] = (name ?? '').split(/[.@]/);
  if (/^(C|POSIX)?$/i.test(plain)) return undefined;
  try {
    return Intl.getCanonicalLocales(plain.replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
}
