import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn, ownerLives } from '#store/content/work-area.ts';
import { chainIds, type Digest } from '#store/digest.ts';
import { wrong, type Rule, type Survey } from './rule.ts';

const REMEDY = 'sampan system check --repair';

interface SnapshotRow {
  id: number;
  driver: string;
  key: string;
  kind: string;
  parent: number | null;
}

const snapshots = ({ rows }: Survey): SnapshotRow[] => rows('SELECT id, driver, key, kind, parent FROM snapshot');
const treeOf = ({ engine }: Survey, { driver, id }: SnapshotRow): string =>
  join(engine.root, 'snapshots', driver, String(id), 'fs');
const blobPath = (root: string, digest: string): string => join(root, 'blobs', ...digest.split(':'));

const blobLost: Rule = {
  look: ({ engine, rows }) =>
    rows<{ digest: string; size: number }>('SELECT digest, size FROM blob').flatMap(({ digest, size }) => {
      const found = statSync(blobPath(engine.root, digest), { throwIfNoEntry: false });
      if (found === undefined) return wrong('has no file', [digest]);
      return found.size === size ? [] : wrong(`has ${found.size} bytes in place of ${size}`, [digest]);
    }),
  todo: 'sampan image verify --repair fetches it again.',
};

const strayBlob: Rule = {
  look: ({ engine, rows }) => {
    const known = new Set(rows<{ digest: string }>('SELECT digest FROM blob').map(({ digest }) => digest));
    const base = join(engine.root, 'blobs');
    const files = namesIn(base).flatMap((kind) => namesIn(join(base, kind)).map((name) => `${kind}:${name}`));
    return wrong(
      'is a file without a record',
      files.filter((digest) => !known.has(digest)),
    );
  },
  todo: REMEDY,
};

const layerLost: Rule = {
  look: (survey) =>
    wrong(
      'is a layer that has lost its directory',
      snapshots(survey)
        // One that a repair has replaced is kept for containers that run on it; nothing is made from it any more.
        .filter(({ kind, key }) => kind === 'layer' && !key.startsWith('replaced '))
        .filter((row) => !existsSync(treeOf(survey, row)))
        .map(({ key }) => key),
    ),
  todo: 'sampan image verify --repair unpacks it again.',
};

const strayTree: Rule = {
  look: (survey) => {
    const known = new Set(snapshots(survey).map(({ driver, id }) => `${driver}/${id}`));
    const base = join(survey.engine.root, 'snapshots');
    const trees = namesIn(base).flatMap((driver) => namesIn(join(base, driver)).map((id) => `${driver}/${id}`));
    return wrong(
      'belongs to no layer and no container',
      trees.filter((one) => !known.has(one)).map((one) => join(base, one)),
    );
  },
  todo: REMEDY,
};

const imageTorn: Rule = {
  look: (survey) => {
    const layers = new Set(
      snapshots(survey)
        .filter(({ kind }) => kind === 'layer')
        .map(({ key }) => key),
    );
    const images = survey.rows<{ id: string; layers: string }>('SELECT id, layers FROM image');
    return images.flatMap(({ id, layers: text }) => {
      const chain = chainIds((JSON.parse(text) as { diffId: Digest }[]).map(({ diffId }) => diffId));
      const lacking = chain.filter((key) => !layers.has(key)).length;
      return lacking === 0 ? [] : wrong(`lacks ${lacking} of its ${chain.length} layers`, [id]);
    });
  },
  todo: 'sampan image verify --repair, or pull it again.',
};

const abandonedWork: Rule = {
  look: ({ engine }) =>
    wrong(
      'is unfinished work of a process that has died',
      namesIn(join(engine.root, 'work'))
        .filter((owner) => !ownerLives(owner))
        .map((owner) => join(engine.root, 'work', owner)),
    ),
  todo: REMEDY,
};

/** Kept for some days after a pull that was cut off: nobody has died of that. */
const KEPT = 'kept-until-';

const deadLease: Rule = {
  look: ({ rows }) => {
    const lease = 'SELECT DISTINCT owner FROM lease';
    const owners = [...rows<{ owner: string }>(lease), ...rows<{ owner: string }>('SELECT DISTINCT owner FROM claim')];
    const dead = owners.map(({ owner }) => owner).filter((owner) => !owner.startsWith(KEPT) && !ownerLives(owner));
    return wrong('has died, and still holds leases or claims of the store', [...new Set(dead)].map(processOf));
  },
  todo: REMEDY,
};

const processOf = (owner: string): string => `process ${owner.split('-')[0]}`;

const unneeded: Rule = {
  look: ({ engine }) => {
    const { blobs, snapshots: layers } = engine.store.unneeded();
    return wrong('is kept, and nothing needs it', [
      ...blobs.map(({ digest }) => digest),
      ...layers.map(({ key }) => key),
    ]);
  },
  todo: REMEDY,
  // Between a removal and the collection after it.
  passing: true,
};

export const STORE_RULES: Readonly<Record<string, Rule>> = {
  'blob-lost': blobLost,
  'stray-blob': strayBlob,
  'layer-lost': layerLost,
  'stray-tree': strayTree,
  'image-torn': imageTorn,
  'abandoned-work': abandonedWork,
  'dead-lease': deadLease,
  unneeded,
};
