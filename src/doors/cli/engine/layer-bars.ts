import { MultiBar, type SingleBar } from 'cli-progress';
import { formatBytes } from '#base/units.ts';
import type { LayerProgress, PhaseWords } from './layer-progress.ts';

/** One bar for each layer, redrawn in place. */
export function layerBars(stream: NodeJS.WriteStream, words: Readonly<Record<string, PhaseWords>>): LayerProgress {
  const bars = new MultiBar({
    stream,
    format: '{layer}  {phase} [{bar}] {size}',
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    barsize: 32,
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    fps: 10,
  });
  const byDigest = new Map<string, SingleBar>();
  return {
    event: (event) => {
      if (event.kind === 'status') return bars.log(`${event.text}\n`);
      const said = words[event.phase];
      const shown = {
        layer: event.digest.slice(7, 19),
        phase: (said?.text ?? '').padEnd(14),
        size: `${formatBytes(event.done)}/${formatBytes(event.total)}`,
      };
      const bar = byDigest.get(event.digest);
      if (bar === undefined) byDigest.set(event.digest, bars.create(Math.max(event.total, 1), event.done, shown));
      else bar.update(said?.whole === true ? Math.max(event.total, 1) : event.done, shown);
    },
    finish: () => bars.stop(),
  };
}
