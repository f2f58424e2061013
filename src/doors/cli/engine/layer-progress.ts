import { formatBytes } from '#base/units.ts';
import type { Io } from '#doors/cli/io.ts';

/** What is told of a pull or a push. */
export type LayerEvent =
  | { kind: 'layer'; digest: string; total: number; done: number; phase: string; from?: string }
  | { kind: 'status'; text: string };

export interface PhaseWords {
  text: string;
  /** The phase comes after the bytes. */
  whole?: true;
  /** The size is of interest where there is no bar. */
  sized?: true;
  /** Not worth a line where there is no bar. */
  silent?: true;
}

export interface LayerProgress {
  event(event: LayerEvent): void;
  finish(): void;
}

/** Bars on a terminal, a line for each step of a layer otherwise. */
export async function progressOn(
  io: Io,
  stream: 'stdout' | 'stderr',
  words: Readonly<Record<string, PhaseWords>>,
): Promise<LayerProgress> {
  if (io[stream].isTTY !== true || io.env['TERM'] === 'dumb') return lines(io, stream, words);
  const { layerBars } = await import('./layer-bars.ts');
  return layerBars(io[stream], words);
}

function lines(io: Io, stream: 'stdout' | 'stderr', words: Readonly<Record<string, PhaseWords>>): LayerProgress {
  const last = new Map<string, string>();
  const write = stream === 'stdout' ? io.out : io.err;
  return {
    event: (event) => {
      if (event.kind === 'status') return write(`${event.text}\n`);
      if (last.get(event.digest) === event.phase) return;
      last.set(event.digest, event.phase);
      const said = words[event.phase];
      if (said === undefined || said.silent === true) return;
      const size = said.sized === true ? ` (${formatBytes(event.total)})` : '';
      const from = event.from === undefined ? '' : ` ${event.from}`;
      write(`${event.digest.slice(7, 19)}: ${said.text}${from}${size}\n`);
    },
    finish: () => undefined,
  };
}
