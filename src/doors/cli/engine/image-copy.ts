import { writeFileSync } from 'node:fs';
import { copyImage, type CopiedImage, type PlaceAccess } from '#engine/image/copy.ts';
import { registryAccess } from '#engine/registry/access.ts';
import { usage, type Flags, type FlagTable } from '#doors/cli/flags.ts';
import { print, type Io } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';
import { COPY_WORDS } from './copy-words.ts';
import { progressOn } from './layer-progress.ts';
import { makeRoom } from './make-room.ts';
import { passwordOf } from './manifest-flags.ts';

const MULTI_ARCH = ['system', 'all', 'index-only'] as const;
const FORMATS = ['oci', 'v2s2'] as const;

/** Flags for one side, when it is a registry; skopeo's names. */
const sideFlags = (side: 'src' | 'dest', words: string): FlagTable => ({
  [`${side}-creds`]: {
    kind: 'text',
    value: 'USER:PASSWORD',
    does: `Credentials for the ${words}, seen by all users`,
  },
  [`${side}-no-creds`]: { kind: 'switch', does: `Go to the ${words} without credentials` },
  [`${side}-authfile`]: { kind: 'text', value: 'FILE', does: `Credentials for the ${words} are in this file` },
  [`${side}-tls-verify`]: { kind: 'switch', does: `=false: the ${words} need not be secure` },
});

/** `image copy`: from any place to any other. */
export const imageCopy: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Copy all images of a multi-platform image' },
    'multi-arch': { kind: 'text', value: 'WHICH', does: `${MULTI_ARCH.join(', ')} (default system)` },
    platform: { kind: 'text', value: 'OS/ARCH', does: 'Platform to take from a multi-platform image' },
    format: {
      kind: 'text',
      short: 'f',
      value: 'FORMAT',
      does: 'Write manifests as oci or v2s2; as they are when left out',
    },
    'preserve-digests': { kind: 'switch', does: 'Fail when a digest would change' },
    digestfile: { kind: 'text', value: 'FILE', does: 'Write the digest there' },
    quiet: { kind: 'switch', short: 'q', does: 'Print nothing' },
    authfile: { kind: 'text', value: 'FILE', does: 'Credentials for both sides are in this file' },
    'plain-http': { kind: 'switch', does: 'Speak HTTP to registries that are not on loopback' },
    ...sideFlags('src', 'source'),
    ...sideFlags('dest', 'destination'),
  },
  args: [2, 2],
  act: async (call) => {
    const [from = '', to = ''] = call.args;
    const which = wordOf(call.flags, 'multi-arch', MULTI_ARCH) ?? 'system';
    if (call.flags.on('all') && call.flags.text('multi-arch') !== undefined) {
      throw usage('--all and --multi-arch are mutually exclusive');
    }
    const { digest } = await copy(call, from, to, call.flags.on('all') ? 'all' : which);
    const file = call.flags.text('digestfile');
    if (file !== undefined) writeFileSync(file, digest);
    if (!call.flags.on('quiet')) print(call.io, digest);
    return 0;
  },
};

async function copy(call: Call, from: string, to: string, which: (typeof MULTI_ARCH)[number]): Promise<CopiedImage> {
  const { flags, io } = call;
  const format = wordOf(flags, 'format', FORMATS);
  const platform = flags.text('platform');
  const sides = { source: accessOf(flags, io, 'src'), destination: accessOf(flags, io, 'dest') };
  const engine = await call.engine();
  const progress = flags.on('quiet') ? undefined : await progressOn(io, 'stderr', COPY_WORDS);
  let copied: CopiedImage;
  try {
    copied = await cancellable((signal) =>
      copyImage(engine, from, to, {
        source: { ...sides.source, signal },
        destination: { ...sides.destination, signal },
        which,
        preserveDigests: flags.on('preserve-digests'),
        signal,
        ...(format === undefined ? {} : { format }),
        ...(platform === undefined ? {} : { platform }),
        ...(progress === undefined ? {} : { onProgress: progress.event }),
      }),
    );
  } finally {
    progress?.finish();
  }
  if (copied.brought !== undefined) await makeRoom(engine, io, copied.brought);
  return copied;
}

function wordOf<T extends string>(flags: Flags, name: string, words: readonly T[]): T | undefined {
  const text = flags.text(name);
  const word = words.find((one) => one === text);
  if (text === undefined || word !== undefined) return word;
  throw usage(`"${text}" is not a value of --${name}: there are ${words.join(', ')}`);
}

function accessOf(flags: Flags, io: Io, side: 'src' | 'dest'): PlaceAccess {
  const authfile = flags.text(`${side}-authfile`) ?? flags.text('authfile');
  const env = authfile === undefined ? io.env : { ...io.env, REGISTRY_AUTH_FILE: authfile };
  const creds = flags.text(`${side}-creds`);
  if (creds !== undefined && flags.on(`${side}-no-creds`)) {
    throw usage(`--${side}-creds and --${side}-no-creds are mutually exclusive`);
  }
  const credentials = flags.on(`${side}-no-creds`)
    ? 'none'
    : creds === undefined
      ? undefined
      : passwordOf(creds, `--${side}-creds`);
  return {
    access: registryAccess(env),
    lax: flags.text(`${side}-tls-verify`) === 'false',
    insecure: flags.on('plain-http'),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
