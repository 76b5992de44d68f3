import { Mark } from './icons.tsx';
import { texts } from './texts.ts';

/** No provider is configured: a sign-in button could only fail, so this says what to set instead. */
export function Setup() {
  const { setup } = texts;
  return (
    <section class="welcome" aria-labelledby="setup">
      <Mark />
      <h2 id="setup" tabIndex={-1}>
        {setup.heading}
      </h2>
      <p>{setup.text}</p>
      <dl class="card settings">
        <div>
          <dt>
            <code>LOOPGATE_ISSUER</code>
          </dt>
          <dd>{setup.issuer}</dd>
        </div>
        <div>
          <dt>
            <code>LOOPGATE_CLIENT_ID</code>
          </dt>
          <dd>{setup.clientId}</dd>
        </div>
      </dl>
      <p class="small muted">{setup.otherwise}</p>
    </section>
  );
}
