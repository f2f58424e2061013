import { formatBytes } from '#base/units.ts';
import type { Engine } from '#engine/engine.ts';
import { pullImage, type ImageRecord, type PullProgress } from '#engine/image/pull.ts';
import type { Io } from '#doors/cli/io.ts';
import type { Call } from '#doors/cli/verb.ts';
import { readAuthFile } from './auth-file.ts';
import { cancellable } from './cancellation.ts';

/** Pulls an image, with bars on a terminal and a line for each step of a layer otherwise. */
export async function pullWithProgress(
  engine: Engine,
  name: string,
  call: Call,
  stream: 'stdout' | 'stderr',
): Promise<ImageRecord> {
  const platform = call.flags.text('platform');
  const quiet = call.flags.on('quiet');
  const progress = quiet ? undefined : await progressOn(call.io, stream);
  try {
    return await cancellable((signal) =>
      pullImage(engine, name, {
        authFile: readAuthFile(call.io.env),
        insecure: call.flags.on('plain-http'),
        signal,
        ...(platform === undefined ? {} : { platform }),
        ...(progress === undefined ? {} : { onProgress: progress.event }),
      }),
    );
  } finally {
    progress?.finish();
  }
}

interface Progress {
  event(event: PullProgress): void;
  finish(): void;
}

async function progressOn(io: Io, stream: 'stdout' | 'stderr'): Promise<Progress> {
  if (io[stream].isTTY !== true || io.env['TERM'] === 'dumb') return lines(io, stream);
  const { layerBars } = await import('./layer-bars.ts');
  return layerBars(io[stream]);
}

const WORDS = {
  waiting: 'Waiting',
  download: 'Downloading',
  unpack: 'Extracting',
  exists: 'Already exists',
  done: 'Pull complete',
} as const;

function lines(io: Io, stream: 'stdout' | 'stderr'): Progress {
  const last = new Map<string, string>();
  const write = stream === 'stdout' ? io.out : io.err;
  return {
    event: (event) => {
      if (event.kind === 'status') return write(`${event.text}\n`);
      if (last.get(event.digest) === event.phase) return;
      last.set(event.digest, event.phase);
      if (event.phase === 'waiting') return;
      const size = event.phase === 'download' ? ` (${formatBytes(event.total)})` : '';
      write(`${event.digest.slice(7, 19)}: ${WORDS[event.phase]}${size}\n`);
    },
    finish: () => undefined,
  };
}
