import { pathParts } from './pathParts.ts';

interface PathProps {
  path: string;
  id?: string;
}

/**
 * A complete path, for a person to check. Each part is isolated and reads from left to right, so that right-to-left letters
 * cannot change the order of the parts or the end of the file's name. A long path scrolls, except for the file's name.
 */
export function Path({ path, id }: PathProps) {
  const { folders, file, isLong } = pathParts(path);
  const parts = folders.map((folder, index) => {
    const name = folder.replace(/[/\\]+$/, '');
    return (
      <span key={index}>
        <bdi dir="ltr">{name}</bdi>
        {folder.slice(name.length)}
        <wbr />
      </span>
    );
  });
  return (
    <code id={id} class={isLong ? 'path long' : 'path'} dir="ltr">
      {isLong ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <span class="folders" tabIndex={0}>
          {parts}
        </span>
      ) : (
        parts
      )}
      <bdi class="file" dir="ltr">
        {file}
      </bdi>
    </code>
  );
}
