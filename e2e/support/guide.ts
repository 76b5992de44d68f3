/** A fenced block of a Markdown page. */
export interface Block {
  /** The second-level heading that it stands under. */
  readonly section: string;
  /** What stands behind the fence, such as `sh`. */
  readonly language: string;
  /** Without the fences. */
  readonly text: string;
}

/** All fenced blocks of a page, in their order. */
export function blocksOf(page: string): Block[] {
  return page.split(/^## /m).flatMap((part) => {
    const section = part.split('\n')[0] ?? '';
    return [...part.matchAll(/^```(.*)\n([\s\S]*?)\n```$/gm)].map(([, language = '', text = '']) => ({
      section,
      language,
      text,
    }));
  });
}
