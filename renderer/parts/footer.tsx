import { texts } from './texts.ts';

/** What somebody who sets up a program looks for: the address to enter there, and the version to report. */
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
