// The document comes as a script (/docs/openapi.js): this page may fetch nothing, so that no script of it reaches a token.
SwaggerUIBundle({
  spec: globalThis.apiDescription,
  domNode: document.getElementById('description'),
  deepLinking: true,
  displayOperationId: true,
  defaultModelsExpandDepth: 0,
  // Without a method that may be tried out there is no such button.
  supportedSubmitMethods: [],
  validatorUrl: null,
});

const dark = matchMedia('(prefers-color-scheme: dark)');
const followColorScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followColorScheme);
followColorScheme();
