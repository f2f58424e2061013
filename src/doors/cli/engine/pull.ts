import { writeFileSync } from 'node:fs';
import type { Engine } from '#engine/engine.ts';
import { byPolicy, isPullPolicy, localImage, PULL_POLICIES } from '#engine/image/local.ts';
import { displayName, nameOfPulled, namesOfAllTags, type ImageRecord } from '#engine/image/pull.ts';
import { registryAccess } from '#engine/registry/access.ts';
import { complain } from '#doors/cli/cli.ts';
import { usage } from '#doors/cli/flags.ts';
import { print, warn } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';
import { pullWholeWithProgress, pullWithProgress, retryPolicy } from './pull-progress.ts';

/** `pull`: fetch, verify and unpack images. */
export const pull: Verb = {
  flags: {
    'all-platforms': {
      kind: 'switch',
      does: 'Keep a multi-platform image whole, to push, save or run for other platforms',
    },
    'all-tags': { kind: 'switch', short: 'a', does: 'Pull all tags of the repository' },
    digestfile: { kind: 'text', value: 'FILE', does: 'Write the digests there' },
    platform: { kind: 'text', value: 'OS/ARCH', does: 'Platform to take from a multi-platform image' },
    'plain-http': { kind: 'switch', does: 'Speak HTTP to a registry that is not on loopback' },
    policy: { kind: 'text', value: 'POLICY', does: `${PULL_POLICIES.join(', ')} (default always)` },
    quiet: { kind: 'switch', short: 'q', does: 'Print only the image id' },
    retry: { kind: 'number', value: 'TIMES', does: 'Repeat a failed request so many times' },
    'retry-delay': { kind: 'text', value: 'TIME', does: 'Wait so long before the first repetition' },
  },
  args: [1, Infinity],
  act: async (call) => {
    check(call);
    const engine = await call.engine();
    const digests: string[] = [];
    let status = 0;
    for (const name of await namesIn(engine, call)) {
      try {
        digests.push(await pullOne(engine, name, call));
      } catch (error) {
        if (call.args.length === 1 && !call.flags.on('all-tags')) throw error;
        status = complain(call.io, error);
      }
    }
    const file = call.flags.text('digestfile');
    if (file !== undefined) writeFileSync(file, digests.join('\n'));
    return status;
  },
};

/** What is wrong with the words is said before anything is fetched. */
function check({ args, flags }: Call): void {
  const policy = flags.text('policy') ?? 'always';
  if (!isPullPolicy(policy)) throw usage(`"${policy}" is not a policy: there are ${PULL_POLICIES.join(', ')}`);
  if (flags.on('all-platforms') && flags.text('policy') !== undefined && policy !== 'always') {
    throw usage('--all-platforms always asks the registry: leave --policy away');
  }
  retryPolicy(flags);
  for (const name of args) displayName(name);
}

async function namesIn(engine: Engine, { args, flags, io }: Call): Promise<string[]> {
  if (!flags.on('all-tags')) return [...args];
  const insecure = flags.on('plain-http');
  const access = registryAccess(io.env);
  const all: string[] = [];
  for (const name of args) {
    all.push(...(await cancellable((signal) => namesOfAllTags(engine, name, { access, insecure, signal }))));
  }
  return all;
}

/** Gives the digest. */
async function pullOne(engine: Engine, name: string, call: Call): Promise<string> {
  const take = call.flags.on('all-platforms') ? whole : one;
  const { digest, image, id } = await take(engine, name, call);
  if (call.flags.on('quiet')) print(call.io, id);
  else {
    print(call.io, `Digest: ${digest}`);
    print(call.io, nameOfPulled(name, registryAccess(call.io.env), image?.names ?? []));
  }
  return digest;
}

interface Taken {
  digest: string;
  image: ImageRecord | undefined;
  id: string;
}

async function whole(engine: Engine, name: string, call: Call): Promise<Taken> {
  const { digest, image } = await pullWholeWithProgress(engine, name, call);
  return { digest, image, id: image?.configDigest ?? digest };
}

async function one(engine: Engine, name: string, call: Call): Promise<Taken> {
  const policy = call.flags.text('policy') ?? 'always';
  const image: ImageRecord = await byPolicy(
    isPullPolicy(policy) ? policy : 'always',
    name,
    () => localImage(engine, name, call.flags.text('platform')),
    () => pullWithProgress(engine, name, call, 'stdout'),
    (text) => warn(call.io, text),
  );
  return { digest: image.manifestDigest, image, id: image.configDigest };
}
