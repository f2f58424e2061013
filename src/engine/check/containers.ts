import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '#base/process-identity.ts';
import { namesIn } from '#store/content/work-area.ts';
import { discardContainer } from '#engine/container/discard.ts';
import { asOwner } from '#engine/container/ownership.ts';
import { containerDirectory, type ContainerRecord } from '#engine/container/record.ts';
import { observe } from '#engine/container/state.ts';
import type { SnapshotDriver } from '#store/store.ts';
import { wrong, type Rule, type Survey } from './rule.ts';

/** Nobody is at work on it. */
export const isSettled = ({ phase, owner }: ContainerRecord): boolean => phase === 'ready' && owner === undefined;

const unsettled: Rule = {
  look: ({ containers }) =>
    containers
      .filter(({ phase, owner }) => (owner === undefined ? phase !== 'ready' : !isAlive(owner)))
      .map(({ name, phase }) => {
        const left =
          phase === 'ready' ? 'was being changed' : `was left half ${phase === 'creating' ? 'made' : 'removed'}`;
        return { subject: name, problem: `${left} by a process that has died` };
      }),
  todo: 'sampan rm -f SUBJECT removes it.',
};

const monitorGone: Rule = {
  look: ({ engine, containers }) =>
    wrong(
      'is recorded as running, and its monitor was killed',
      containers
        .filter((one) => isSettled(one) && one.active)
        .filter(({ id }) => {
          const { status, exit } = observe(containerDirectory(engine.root, id));
          return status === 'dead' && exit === undefined;
        })
        .map(({ name }) => name),
    ),
  todo: 'sampan rm -f SUBJECT removes it.',
};

const directoryLost: Rule = {
  look: ({ engine, containers }) =>
    wrong(
      'has lost its directory: its log, its exit status and its plan',
      containers
        .filter((one) => isSettled(one) && !existsSync(containerDirectory(engine.root, one.id)))
        .map(({ name }) => name),
    ),
  todo: 'sampan rm -f SUBJECT, then make it again.',
};

const treeLost: Rule = {
  look: ({ engine, containers, rows }) => {
    const trees = new Map(
      rows<{ id: number; driver: string; key: string }>(
        "SELECT id, driver, key FROM snapshot WHERE kind = 'container'",
      ).map(({ id, driver, key }) => [key, join(engine.root, 'snapshots', driver, String(id), 'fs')]),
    );
    const lost = containers.filter((one) => isSettled(one) && !existsSync(trees.get(one.id) ?? '/nonexistent'));
    return wrong(
      'has lost its files',
      lost.map(({ name }) => name),
    );
  },
  todo: 'sampan rm -f SUBJECT, then make it again.',
};

const imageLost: Rule = {
  look: ({ containers, rows }) => {
    const images = new Set(rows<{ id: string }>('SELECT id FROM image').map(({ id }) => id));
    const lost = containers.filter((one) => isSettled(one) && !images.has(one.imageId));
    return lost.map(({ name, imageName }) => ({ subject: name, problem: `has lost its image ${imageName}` }));
  },
  todo: 'Pull the same image again, or sampan rm -f SUBJECT.',
};

const strayDirectory: Rule = {
  look: ({ engine, containers }) => {
    const known = new Set(containers.map(({ id }) => id));
    const stray = namesIn(join(engine.root, 'containers')).filter((id) => !known.has(id));
    return wrong(
      'belongs to no container',
      stray.map((id) => containerDirectory(engine.root, id)),
    );
  },
  todo: 'rm -r SUBJECT',
  mend: async ({ launcher, root }, path) =>
    launcher.remove(join(root, 'containers'), path.slice(path.lastIndexOf('/') + 1)),
};

const strayTree: Rule = {
  look: ({ containers, rows }: Survey) => {
    const known = new Set(containers.map(({ id }) => id));
    const keys = rows<{ driver: string; key: string }>("SELECT driver, key FROM snapshot WHERE kind = 'container'");
    return wrong(
      'are files of no container',
      keys.filter(({ key }) => !known.has(key)).map(({ driver, key }) => `${driver}/${key}`),
    );
  },
  todo: 'sampan system check --repair',
  mend: async ({ store }, subject) => {
    const [driver = '', key = ''] = subject.split('/');
    await store.snapshotter(driver as SnapshotDriver).remove(key);
  },
};

/** A removed container whose record stayed would be found by `unsettled`; this one is for whole records without anything. */
const nothingLeft: Rule = {
  look: ({ engine, containers, rows }) => {
    const trees = new Set(
      rows<{ key: string }>("SELECT key FROM snapshot WHERE kind = 'container'").map(({ key }) => key),
    );
    const empty = containers.filter(
      (one) => isSettled(one) && !trees.has(one.id) && !existsSync(containerDirectory(engine.root, one.id)),
    );
    return wrong(
      'is a record of which nothing is left',
      empty.map(({ name }) => name),
    );
  },
  todo: 'sampan rm -f SUBJECT',
  mend: async (engine, name) => {
    const { id } = engine.containers.find(name);
    await asOwner(engine, id, `remove container ${name}`, (record) => discardContainer(engine, record));
  },
};

export const CONTAINER_RULES: Readonly<Record<string, Rule>> = {
  'container-unsettled': unsettled,
  'container-monitor-gone': monitorGone,
  'container-directory-lost': directoryLost,
  'container-tree-lost': treeLost,
  'container-image-lost': imageLost,
  'container-empty': nothingLeft,
  'stray-container-directory': strayDirectory,
  'stray-container-tree': strayTree,
};
