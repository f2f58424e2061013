import type { Engine } from '#engine/engine.ts';
import {
  pushImage,
  pushTask,
  pushTasksOfAll,
  repositoryName,
  type PushedImage,
  type PushTask,
} from '#engine/image/push.ts';
import { registryAccess } from '#engine/registry/access.ts';
import { usage } from '#doors/cli/flags.ts';
import { print } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';
import { progressOn, type PhaseWords } from './layer-progress.ts';

/** `push`: send an image to a registry. */
export const push: Verb = {
  flags: {
    'all-tags': { kind: 'switch', short: 'a', does: 'Push all tags of the repository' },
    'all-platforms': { kind: 'switch', does: 'Push the index of the name with all its images' },
    quiet: { kind: 'switch', short: 'q', does: 'Print only the name that was pushed' },
    'plain-http': { kind: 'switch', does: 'Speak HTTP to a registry that is not on loopback' },
  },
  args: [1, 2],
  act: async (call) => {
    const [source = '', destination] = call.args;
    const all = call.flags.on('all-tags');
    if (all && destination !== undefined) throw usage('--all-tags takes a single name');
    const named = all ? undefined : pushTask(source, destination);
    const engine = await call.engine();
    const tasks = named === undefined ? pushTasksOfAll(engine, source, call.flags.on('all-platforms')) : [named];
    const quiet = call.flags.on('quiet');
    const first = tasks[0];
    if (first !== undefined && !quiet) print(call.io, `The push refers to repository [${repositoryName(first)}]`);
    for (const task of tasks) {
      const { digest, size } = await pushOne(engine, task, call);
      print(call.io, quiet ? task.fullName : `${task.destination.tag}: digest: ${digest} size: ${size}`);
    }
    return 0;
  },
};

const WORDS: Readonly<Record<string, PhaseWords>> = {
  waiting: { text: 'Preparing' },
  upload: { text: 'Pushing', sized: true },
  exists: { text: 'Layer already exists', whole: true },
  mounted: { text: 'Mounted from', whole: true },
  skipped: { text: 'Skipped foreign layer', whole: true },
  done: { text: 'Pushed', whole: true },
};

async function pushOne(engine: Engine, task: PushTask, call: Call): Promise<PushedImage> {
  const progress = call.flags.on('quiet') ? undefined : await progressOn(call.io, 'stdout', WORDS);
  try {
    return await cancellable((signal) =>
      pushImage(engine, task, {
        access: registryAccess(call.io.env),
        insecure: call.flags.on('plain-http'),
        // Among all tags there are plain images, too.
        allPlatforms: call.flags.on('all-platforms') && (!call.flags.on('all-tags') || isIndex(engine, task)),
        signal,
        ...(progress === undefined ? {} : { onProgress: progress.event }),
      }),
    );
  } finally {
    progress?.finish();
  }
}

function isIndex({ store }: Engine, { source }: PushTask): boolean {
  return store.indexes.find(source) !== undefined;
}
