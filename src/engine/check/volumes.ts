import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '#base/process-identity.ts';
import { namesIn } from '#store/content/work-area.ts';
import { volumeData, volumeDirectory, volumeRecords } from '#engine/volume/record.ts';
import { isSettled } from './containers.ts';
import { wrong, type Rule } from './rule.ts';

const unsettled: Rule = {
  look: ({ engine }) =>
    volumeRecords(engine.database)
      .unsettled()
      .filter(({ owner }) => owner === undefined || !isAlive(owner))
      .map(({ name, phase }) => {
        const state = { creating: 'made', filling: 'filled', removing: 'removed', ready: '' }[phase];
        return { subject: name, problem: `was left half ${state} by a process that has died` };
      }),
  todo: 'sampan volume rm -f SUBJECT',
};

const filesLost: Rule = {
  look: ({ engine }) =>
    wrong(
      'has lost its files',
      volumeRecords(engine.database)
        .list()
        .filter(({ phase, name }) => phase === 'ready' && !existsSync(volumeData(engine.root, name)))
        .map(({ name }) => name),
    ),
  todo: 'Bring them back to ROOT/volumes/SUBJECT/_data, or give it up: sampan volume rm SUBJECT',
};

const strayDirectory: Rule = {
  look: ({ engine }) => {
    const known = new Set(
      volumeRecords(engine.database)
        .list()
        .map(({ name }) => name),
    );
    const stray = namesIn(join(engine.root, 'volumes')).filter((name) => !known.has(name));
    return wrong(
      'belongs to no volume',
      stray.map((name) => volumeDirectory(engine.root, name)),
    );
  },
  // Somebody's data may be in it, so no repair touches it.
  todo: 'sampan volume create a new one and move the files there, or rm -r SUBJECT',
};

const halfFilled: Rule = {
  look: ({ engine }) =>
    wrong(
      'has the leavings of a filling that was cut off',
      volumeRecords(engine.database)
        .list()
        .filter(({ phase, name }) => phase === 'ready' && existsSync(join(volumeDirectory(engine.root, name), '_fill')))
        .map(({ name }) => name),
    ),
  todo: 'sampan system check --repair',
  mend: ({ launcher, root }, name) => launcher.remove(volumeDirectory(root, name), '_fill'),
};

const wantedByContainer: Rule = {
  look: ({ engine, containers }) => {
    const known = new Set(
      volumeRecords(engine.database)
        .list()
        .map(({ name }) => name),
    );
    return containers
      .filter(isSettled)
      .flatMap(({ name, options }) =>
        (options.volumes ?? [])
          .filter((one) => one.name !== undefined && !known.has(one.name))
          .map((one) => ({ subject: name, problem: `has the volume ${one.name}, which there is not` })),
      );
  },
  todo: 'sampan volume create it, or sampan rm -f SUBJECT',
};

export const VOLUME_RULES: Readonly<Record<string, Rule>> = {
  'volume-unsettled': unsettled,
  'volume-files-lost': filesLost,
  'volume-half-filled': halfFilled,
  'volume-missing': wantedByContainer,
  'stray-volume-directory': strayDirectory,
};
