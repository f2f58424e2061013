import { parseDuration } from '#base/units.ts';
import type { Engine } from '#engine/engine.ts';
import { pullImage, pullWhole, type ImageRecord, type PulledAll, type PullRequest } from '#engine/image/pull.ts';
import { registryAccess } from '#engine/registry/access.ts';
import { usage, type Flags } from '#doors/cli/flags.ts';
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
  const image = await shown(call, stream, (request) => pullImage(engine, name, request));
  await makeRoom(engine, call.io, [image.configDigest]);
  return image;
}

/** The same for all that the name means. */
export async function pullWholeWithProgress(engine: Engine, name: string, call: Call): Promise<PulledAll> {
  const pulled = await shown(call, 'stdout', (request) => pullWhole(engine, name, request));
  await makeRoom(engine, call.io, pulled.image === undefined ? [] : [pulled.image.configDigest]);
  return pulled;
}

async function shown<T>(
  call: Call,
  stream: 'stdout' | 'stderr',
  work: (request: PullRequest) => Promise<T>,
): Promise<T> {
  const platform = call.flags.text('platform');
  const retry = retryPolicy(call.flags);
  const progress = call.flags.on('quiet') ? undefined : await progressOn(call.io, stream, WORDS);
  try {
    return await cancellable((signal) =>
      work({
        access: registryAccess(call.io.env),
        insecure: call.flags.on('plain-http'),
        signal,
        ...(platform === undefined ? {} : { platform }),
        ...(retry === undefined ? {} : { retry }),
        ...(progress === undefined ? {} : { onProgress: progress.event }),
      }),
    );
  } finally {
    progress?.finish();
  }
}

const USUAL_PAUSE_MS = 250;

/** `--retry` further tries, the first after about `--retry-delay`. */
export function retryPolicy(flags: Flags): PullRequest['retry'] {
  const [retries, delay] = [flags.number('retry'), flags.text('retry-delay')];
  if (retries === undefined && delay === undefined) return undefined;
  const firstPauseMs = delay === undefined ? USUAL_PAUSE_MS : parseDuration(delay);
  if (firstPauseMs === undefined) throw usage(`--retry-delay: "${delay}" is no length of time such as 2s`);
  return { attempts: (retries ?? 3) + 1, firstPauseMs };
}
