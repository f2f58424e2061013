import type { Engine } from '#engine/engine.ts';
import { pullImage, type ImageRecord } from '#engine/image/pull.ts';
import { registryAccess } from '#engine/registry/access.ts';
import type { Call } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';
import { makeRoom } from './make-room.ts';
import { progressOn, type PhaseWords } from './layer-progress.ts';

const WORDS: Readonly<Record<string, PhaseWords>> = {
  waiting: { text: 'Waiting', silent: true },
  download: { text: 'Downloading', sized: true },
  unpack: { text: 'Extracting' },
  exists: { text: 'Already exists', whole: true },
  done: { text: 'Pull complete', whole: true },
};

/** Pulls an image and shows how it goes. */
export async function pullWithProgress(
  engine: Engine,
  name: string,
  call: Call,
  stream: 'stdout' | 'stderr',
): Promise<ImageRecord> {
  const platform = call.flags.text('platform');
  const progress = call.flags.on('quiet') ? undefined : await progressOn(call.io, stream, WORDS);
  try {
    const image = await cancellable((signal) =>
      pullImage(engine, name, {
        access: registryAccess(call.io.env),
        insecure: call.flags.on('plain-http'),
        signal,
        ...(platform === undefined ? {} : { platform }),
        ...(progress === undefined ? {} : { onProgress: progress.event }),
      }),
    );
    progress?.finish();
    await makeRoom(engine, call.io, [image.configDigest]);
    return image;
  } finally {
    progress?.finish();
  }
}
