const style = `
:root { color-scheme: light dark; --ground: #f3f4f7; --card: #fff; --ink: #1c2330; --quiet: #5b6475; --line: #c9ced8;
  --accent: #3554d1; --on-accent: #fff }
@media (prefers-color-scheme: dark) { :root { --ground: #14171d; --card: #1e232c; --ink: #e8ebf1; --quiet: #a3acbc;
  --line: #434b5a; --accent: #8fa5ff; --on-accent: #10131a } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 23rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; overflow-wrap: anywhere }
h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3 }
p { margin: 0 0 1rem }
label { display: block; margin-bottom: .35rem; font-weight: 600 }
input[type=text] { width: 100%; margin-bottom: 1rem; padding: .6rem .75rem; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--quiet); border-radius: .4rem }
button { width: 100%; margin-bottom: .6rem; padding: .6rem; font: inherit; font-weight: 600; border-radius: .4rem;
  border: 1px solid var(--accent); color: var(--on-accent); background: var(--accent); cursor: pointer }
button.quiet { color: var(--ink); background: transparent; border-color: var(--line) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
code { font-size: 1.35rem; letter-spacing: .08em }
footer { margin-top: 1rem; color: var(--quiet); font-size: .85rem }
.problem { font-weight: 600 }
`;

/** Escapes text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** @param content - markup, with its variable parts already escaped */
function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
<footer>Demo identity provider – nothing leaves this machine.</footer>
</main>
</body>
</html>
`;
}

/** Enter presses the first button. */
export function loginPage(login: { clientId: string; action: string; name: string; problem?: string }): string {
  const problem = login.problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(login.problem)}</p>`;
  return page(
    'Sign in',
    `<p><strong>${escapeHtml(login.clientId)}</strong> asks you to sign in. Any name will do, and no password.</p>
${problem}
<form id="login" method="post" action="${escapeHtml(login.action)}">
<label for="name">Your name</label>
<input type="text" id="name" name="name" value="${escapeHtml(login.name)}" maxlength="100" autocomplete="name" required autofocus>
<button type="submit" name="action" value="continue">Continue</button>
<button type="submit" name="action" value="deny" class="quiet" formnovalidate>Deny</button>
</form>`,
  );
}

export function signedOutPage(): string {
  return page('You are signed out', '<p>You can close this tab.</p>');
}

/** @param error - a short code, as in OAuth */
export function errorPage(error: string, description: string): string {
  return page(
    'Oops, something went wrong',
    `<p class="problem">${escapeHtml(error)}</p>\n<p>${escapeHtml(description)}</p>`,
  );
}

/** @param form - oidc-provider's form with the id `op.deviceInputForm`, which contains the text field */
export function deviceCodePage(form: string, problem?: string): string {
  const words =
    problem === undefined
      ? '<p>Enter the code that your device shows.</p>'
      : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`;
  return page(
    'Connect a device',
    `${words}\n${form}\n<button type="submit" form="op.deviceInputForm">Continue</button>`,
  );
}

/** @param form - oidc-provider's form with the id `op.deviceConfirmForm`, which has only hidden fields */
export function deviceConfirmationPage(form: string, clientId: string, userCode: string): string {
  return page(
    'Is this your device?',
    `<p><strong>${escapeHtml(clientId)}</strong> should show this code:</p>
<p><code>${escapeHtml(userCode)}</code></p>
${form}
<button type="submit" form="op.deviceConfirmForm">Confirm</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes" class="quiet">Deny</button>`,
  );
}

export function deviceConnectedPage(): string {
  return page('Your device is connected', '<p>You can close this tab.</p>');
}
