import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive, startTime } from '#base/process-identity.ts';
import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import { mountText } from '#kernel/mount-text.ts';
import { imageMounts } from '#store/image/mounts.ts';
import { namesIn } from '#store/content/work-area.ts';
import { containerCgroups, removeContainerCgroups } from '#engine/container/cgroups.ts';
import { containerDirectory } from '#engine/container/record.ts';
import { observe } from '#engine/container/state.ts';
import { UNMOUNT_FLAGS } from '#engine/image/mount-steps.ts';
import { monitorLives } from '#engine/monitor/liveness.ts';
import { isSettled } from './containers.ts';
import { wrong, type Rule, type Survey } from './rule.ts';

/** Where the kernel's list of our mount namespace says that something is mounted. */
function mountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const path = line.split(' ')[4];
    return path === undefined ? [] : [mountText(path)];
  });
}

const recordWithoutMount: Rule = {
  look: ({ engine }) =>
    wrong(
      'is recorded as the mount of an image, and nothing is mounted there',
      imageMounts(engine.database)
        .lost()
        .map(({ path }) => path),
    ),
  todo: 'sampan image unmount it.',
};

const strayMount: Rule = {
  look: ({ engine }) => {
    const known = new Set(
      imageMounts(engine.database)
        .list()
        .map(({ path }) => path),
    );
    // Disks of their own for parts of the root are the administrator's matter.
    const ours = [join(engine.runDirectory, 'images'), join(engine.root, 'containers'), join(engine.root, 'snapshots')];
    const stray = mountPoints().filter((path) => ours.some((base) => path.startsWith(`${base}/`)) && !known.has(path));
    return wrong('is mounted, and no record speaks of it', [...new Set(stray)]);
  },
  todo: 'umount SUBJECT',
  mend: async ({ launcher }, path) => {
    const plan = { programs: [{ name: 'main', steps: [{ op: 'umount' as const, path, flags: UNMOUNT_FLAGS }] }] };
    const call = launcher.launch({ plan: encodePlan(plan), stdio: ['ignore', 'ignore', 'inherit'] });
    const result = await call.result;
    if (result.code !== 0) throw failureFault(`unmount ${path}`, result);
  },
  passing: true,
};

/** Ids of the groups that there are, below the place where ours are made. */
function groupIds({ engine, containers }: Survey): string[] {
  const owners = [{ id: 'any', options: {} }, ...containers];
  const parents = [...new Set(owners.flatMap((owner) => containerCgroups(engine, owner)).map(dirname))];
  const names = parents.flatMap((parent) => {
    try {
      return readdirSync(parent, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []));
    } catch {
      return [];
    }
  });
  return [...new Set(names)];
}

/** Only of containers that this root has had: other roots have their groups at the same place. */
const strayGroup: Rule = {
  look: (survey) => {
    const stray = groupIds(survey).filter((id) => survey.everKnown.has(id) && !mayHaveGroup(survey, id));
    return wrong('is a control group of a container that does not run', stray);
  },
  todo: 'sampan system check --repair ends what is in it.',
  mend: (engine, id) => removeContainerCgroups(engine, engine.containers.get(id) ?? { id, options: {} }),
  passing: true,
};

function mayHaveGroup({ engine, containers }: Survey, id: string): boolean {
  const record = containers.find((one) => one.id === id);
  if (record === undefined) return false;
  const directory = containerDirectory(engine.root, id);
  return !isSettled(record) || record.active || monitorLives(directory) || observe(directory).status === 'running';
}

/** Monitors work in their container's directory. One of a removed container has nobody who would end it. */
const strayMonitor: Rule = {
  look: ({ engine, containers }) => {
    const known = new Set(containers.map(({ id }) => id));
    const base = `${join(engine.root, 'containers')}/`;
    const stray = namesIn('/proc').filter((pid) => {
      const place = /^\d+$/.test(pid) ? linkOf(`/proc/${pid}/cwd`) : undefined;
      if (place?.startsWith(base) !== true) return false;
      return !known.has(basename(place.replace(/ \(deleted\)$/, ''))) && wordsOf(pid)[1] === 'monitor';
    });
    return wrong(
      'is the monitor of a container that there is not',
      stray.map((pid) => `${pid}:${startTime(Number(pid))}`),
    );
  },
  todo: 'kill it (the number before the colon).',
  mend: (_, identity) => {
    if (isAlive(identity)) process.kill(Number(identity.split(':')[0]), 'SIGKILL');
    return Promise.resolve();
  },
  passing: true,
};

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

export const HOST_RULES: Readonly<Record<string, Rule>> = {
  'image-mount-lost': recordWithoutMount,
  'stray-mount': strayMount,
  'stray-control-group': strayGroup,
  'stray-monitor': strayMonitor,
};
