import { texts } from './texts.ts';

/** What a person needs to set up a program: the address to enter there, and the version to report. */
export function Footer({ address, version }: { address: string; version: string }) {
  return (
    <footer>
      <p>
        {texts.footer.address} <code>{address}</code>
      </p>
      <p>{texts.footer.version(version)}</p>
    </footer>
  );
}
