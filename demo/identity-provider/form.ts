/** A form in a page. */
export interface Form {
  readonly id: string | undefined;
  readonly action: URL;
  /** The named inputs with their values, without buttons. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Finds the forms in a page of this provider or of oidc-provider. It understands only the HTML of these pages. */
export function formsIn(html: string, page: URL): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, formTag = '', content = '']) => {
    const form = attributesOf(formTag);
    const inputs = [...content.matchAll(/<input\b([^>]*)>/gs)].map(([, inputTag = '']) => attributesOf(inputTag));
    return {
      id: form.get('id'),
      action: new URL(form.get('action') ?? '', page),
      fields: Object.fromEntries(inputs.map((input) => [input.get('name') ?? '', input.get('value') ?? ''])),
    };
  });
}

function attributesOf(tag: string): Map<string, string> {
  return new Map(
    [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decodedText(value)]),
  );
}

function decodedText(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (entity, hexadecimal, decimal, name) => {
    if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? entity;
  });
}
