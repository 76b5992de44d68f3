declare const __LOOPGATE_VERSION__: string;

/** The version of package.json; the build inserts it. */
export const version: string = __LOOPGATE_VERSION__;
