// Another extension, that wants the person's session from VS Code and knows nothing of Loopgate but its name.
const { appendFileSync } = require('node:fs');
const { authentication, commands } = require('vscode');

exports.activate = ({ subscriptions }) => {
  const tell = (line) => appendFileSync(process.env.ASKER_FILE, `${JSON.stringify(line)}\n`);
  const ask = async (scopes, options) => {
    try {
      const session = await authentication.getSession('loopgate', scopes, options);
      tell({ session: session ?? null });
    } catch (error) {
      tell({ error: error.message });
    }
  };
  const usual = ['openid', 'profile'];
  subscriptions.push(
    commands.registerCommand('asker.ask', () => ask(usual, { createIfNone: true })),
    commands.registerCommand('asker.askSilently', () => ask(usual, { silent: true })),
    commands.registerCommand('asker.askOther', () =>
      ask(['audience:https://other.loopgate.test/'], { createIfNone: true }),
    ),
    authentication.onDidChangeSessions(({ provider }) => tell({ changed: provider.id })),
  );
  tell({ started: true });
};
