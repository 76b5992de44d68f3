/** Language and region as POSIX names them in the environment, such as `de_AT.UTF-8`, as BCP 47 tags. */
export interface EnvironmentLanguage {
  /** Of texts; undefined where none is named, or the one without a language (`C`). */
  readonly language: string | undefined;
  /** Of dates, times and numbers. */
  readonly region: string | undefined;
}

/** Reads the environment: `LC_ALL`, else `LC_MESSAGES` or `LC_TIME`, else `LANG` (POSIX, Base Definitions §8.2). */
export function environmentLanguage(environment: NodeJS.ProcessEnv): EnvironmentLanguage {
  const { LC_ALL, LC_MESSAGES, LC_TIME, LANG } = environment;
  // An empty one counts as not set.
  return { language: tagOf(LC_ALL || LC_MESSAGES || LANG), region: tagOf(LC_ALL || LC_TIME || LANG) };
}

/** A name of POSIX or a tag as the canonical tag; undefined when it is none. */
export function tagOf(name: string | undefined): string | undefined {
  const [plain = ''] = (name ?? '').split(/[.@]/);
  if (/^(C|POSIX)?$/i.test(plain)) return undefined;
  try {
    return Intl.getCanonicalLocales(plain.replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
}
