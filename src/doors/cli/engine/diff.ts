import { Fault } from '#base/fault.ts';
import { diff as diffOf, type DiffKind, type TreeChange } from '#engine/diff.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

const LETTERS = { added: 'A', changed: 'C', deleted: 'D' } as const;

/** `diff`: what a container or an image changes of what it stands on, or of another one. */
export const diff: Verb = verbFor(['container', 'image']);
export const containerDiff: Verb = verbFor(['container']);
export const imageDiff: Verb = verbFor(['image']);

function verbFor(kinds: readonly DiffKind[]): Verb {
  return {
    flags: { format: { kind: 'text', value: 'FORMAT', does: 'json' } },
    args: [1, 2],
    act: async ({ args: [name = '', base], flags, io, engine: open }) => {
      const format = flags.text('format');
      if (format !== undefined && format !== 'json') {
        throw new Fault('invalid', `"${format}" is not a format of diff; there is json`, { field: '--format' });
      }
      const changes = await diffOf(await open(), name, base, kinds);
      if (format === 'json') print(io, JSON.stringify(byKind(changes)));
      else for (const { kind, path } of changes) print(io, `${LETTERS[kind]} ${path}`);
      return 0;
    },
  };
}

/** As podman writes it: only the kinds that there are. */
function byKind(changes: readonly TreeChange[]): Record<string, string[]> {
  const kinds: Record<string, string[]> = {};
  for (const { kind, path } of changes) (kinds[kind] ??= []).push(path);
  return kinds;
}
