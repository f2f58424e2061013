/**
 * What must be true of a store while nobody is at work on it. It knows the layout and the records for itself and shares
 * no code with the store but for the name of a layer's chain, so that it does not repeat its mistakes.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

type Rule = (store: StoreUnderTest) => string[];

interface StoreUnderTest {
  root: string;
  rows<T>(sql: string): T[];
}

interface SnapshotRow {
  id: number;
  driver: string;
  key: string;
  kind: 'layer' | 'container';
  parent: number | null;
}

interface ImageRow {
  id: string;
  manifest: string;
  chain: string;
  layers: string;
}

/** Each rule by what it says; a further one is a line here. */
const RULES: Record<string, Rule> = {
  'every recorded blob is there and hashes right': ({ root, rows }) =>
    rows<{ digest: string; size: number }>('SELECT digest, size FROM blob').flatMap(({ digest, size }) => {
      const path = blobPath(root, digest);
      if (!existsSync(path)) return [`${digest} has no file`];
      const bytes = readFileSync(path);
      if (bytes.length !== size) return [`${digest} has ${bytes.length} bytes, not ${size}`];
      return hashed(digest, bytes) === digest ? [] : [`${digest} has other content`];
    }),
  'every file in blobs is recorded': ({ root, rows }) => {
    const known = new Set(rows<{ digest: string }>('SELECT digest FROM blob').map(({ digest }) => digest));
    const files = names(join(root, 'blobs')).flatMap((kind) =>
      names(join(root, 'blobs', kind)).map((name) => `${kind}:${name}`),
    );
    return files.filter((file) => !known.has(file));
  },
  'every recorded tree is there': ({ root, rows }) =>
    rows<SnapshotRow>('SELECT * FROM snapshot')
      .filter(({ id, driver }) => !isDirectory(join(root, 'snapshots', driver, String(id), 'fs')))
      .map(({ id, key }) => `${id} ${key}`),
  'every directory in snapshots is recorded': ({ root, rows }) => {
    const known = new Set(rows<SnapshotRow>('SELECT * FROM snapshot').map(({ id, driver }) => `${driver}/${id}`));
    const trees = names(join(root, 'snapshots')).flatMap((driver) =>
      names(join(root, 'snapshots', driver)).map((id) => `${driver}/${id}`),
    );
    return trees.filter((tree) => !known.has(tree));
  },
  'every layer of an image stands on the one below it': imagesAreWhole,
  'the documents of an image are the ones of its record': ({ root, rows }) =>
    rows<ImageRow>('SELECT id, manifest, chain, layers FROM image').flatMap((image) => documentsFit(root, image)),
  'every blob of an image is kept for it': ({ rows }) => {
    const kept = new Set(
      rows<{ image: string; digest: string }>('SELECT image, digest FROM image_blob').map(
        ({ image, digest }) => `${image} ${digest}`,
      ),
    );
    return rows<ImageRow>('SELECT id, manifest, chain, layers FROM image').flatMap(({ id, manifest, layers }) =>
      [id, manifest, ...layersOf(layers).map(({ digest }) => digest)]
        .map((digest) => `${id} ${digest}`)
        .filter((link) => !kept.has(link)),
    );
  },
  'an index keeps all that it leads to, and has a name': ({ root, rows }) =>
    rows<{ id: string }>('SELECT id FROM image_index').flatMap(({ id }) => {
      const kept = rows<{ digest: string }>(`SELECT digest FROM index_blob WHERE index_id = '${id}'`);
      const known = new Set(kept.map(({ digest }) => digest));
      const lost = ledTo(root, id).filter((digest) => !known.has(digest));
      const named = rows(`SELECT 1 FROM index_name WHERE index_id = '${id}'`).length > 0;
      return [...lost.map((digest) => `${id} ${digest}`), ...(named ? [] : [`${id} has no name`])];
    }),
  'nothing is kept that nothing needs': ({ rows }) => [
    ...rows<{ digest: string }>(
      `SELECT digest FROM blob WHERE digest NOT IN (SELECT digest FROM image_blob UNION SELECT digest FROM index_blob)
         AND digest NOT IN (SELECT key FROM lease WHERE owner LIKE 'kept-until-%')`,
    ).map(({ digest }) => digest),
    ...unneededLayers(rows),
  ],
  'no lease of a process is left, and none whose time is over': ({ rows }) =>
    rows<{ owner: string; key: string }>('SELECT owner, key FROM lease')
      .filter(({ owner }) => !(Number(/^kept-until-(\d+)$/.exec(owner)?.[1] ?? 0) > Date.now()))
      .map(({ owner, key }) => `${owner} ${key}`),
  'no claim is left': ({ rows }) =>
    rows<{ owner: string; key: string }>('SELECT owner, key FROM claim').map(({ owner, key }) => `${owner} ${key}`),
  'no unfinished work is left': ({ root }) =>
    ['work', 'trash'].flatMap((name) => names(join(root, name)).map((one) => `${name}/${one}`)),
  'every container has its tree, its directory and its image, and every directory its container': ({ root, rows }) => {
    const known = rows<{ id: string; image_id: string }>('SELECT id, image_id FROM containers');
    const trees = rows<{ key: string }>("SELECT key FROM snapshot WHERE kind = 'container'").map(({ key }) => key);
    const images = new Set(rows<{ id: string }>('SELECT id FROM image').map(({ id }) => id));
    const directories = names(join(root, 'containers'));
    const ids = known.map(({ id }) => id);
    return [
      ...ids.filter((id) => !trees.includes(id)).map((id) => `${id} has no tree`),
      ...ids.filter((id) => !directories.includes(id)).map((id) => `${id} has no directory`),
      ...known.filter((one) => !images.has(one.image_id)).map(({ id }) => `${id} has no image`),
      ...[...trees, ...directories].filter((id) => !ids.includes(id)).map((id) => `${id} is no container`),
    ];
  },
  'a replaced layer stays only for containers': ({ rows }) =>
    rows<SnapshotRow>("SELECT * FROM snapshot WHERE key LIKE 'replaced %'")
      .filter(({ id }) => rows(`SELECT 1 FROM replaced_layer WHERE snapshot = ${id}`).length === 0)
      .map(({ key }) => key),
  'the database is whole': ({ rows }) => [
    ...rows<{ integrity_check: string }>('PRAGMA integrity_check')
      .map((row) => row.integrity_check)
      .filter((said) => said !== 'ok'),
    ...rows<{ table: string }>('PRAGMA foreign_key_check').map(({ table }) => `a reference of ${table} leads nowhere`),
  ],
};

/** What is wrong, a line each. `partial`, where interrupted downloads wait for the next pull, is nobody's fault. */
export function checkStore(root: string): string[] {
  const database = new DatabaseSync(join(root, 'sampan.db'));
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    const store: StoreUnderTest = { root, rows: <T>(sql: string) => database.prepare(sql).all() as T[] };
    return Object.entries(RULES).flatMap(([what, rule]) => rule(store).map((wrong) => `${what}: ${wrong}`));
  } finally {
    database.close();
  }
}

function imagesAreWhole({ rows }: StoreUnderTest): string[] {
  const snapshots = rows<SnapshotRow>("SELECT * FROM snapshot WHERE kind = 'layer'");
  const byId = new Map(snapshots.map((row) => [row.id, row]));
  return rows<ImageRow>('SELECT id, manifest, chain, layers FROM image').flatMap(({ id, chain, layers }) => {
    const wanted = chainOf(layersOf(layers).map(({ diffId }) => diffId));
    if ((wanted.at(-1) ?? '') !== chain) return [`${id} has another chain than its layers`];
    let at = snapshots.find(({ key }) => key === chain);
    for (const key of wanted.toReversed()) {
      if (at?.key !== key) return [`${id} has no layer ${key}`];
      at = at.parent === null ? undefined : byId.get(at.parent);
    }
    return at === undefined ? [] : [`${id} has more layers below than it should`];
  });
}

function documentsFit(root: string, { id, manifest, layers }: ImageRow): string[] {
  try {
    const document = JSON.parse(readFileSync(blobPath(root, manifest), 'utf8')) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    const config = JSON.parse(readFileSync(blobPath(root, id), 'utf8')) as { rootfs: { diff_ids: string[] } };
    const [told, recorded] = [
      {
        config: document.config.digest,
        layers: document.layers.map(({ digest }) => digest),
        diffIds: config.rootfs.diff_ids,
      },
      {
        config: id,
        layers: layersOf(layers).map(({ digest }) => digest),
        diffIds: layersOf(layers).map(({ diffId }) => diffId),
      },
    ].map((value) => JSON.stringify(value));
    return told === recorded ? [] : [`${id}: ${told} and ${recorded}`];
  } catch (error) {
    return [`${id}: ${String(error)}`];
  }
}

/** The document and all that it leads to, by digest. */
function ledTo(root: string, digest: string): string[] {
  const path = blobPath(root, digest);
  if (!existsSync(path)) return [digest];
  const { manifests, config, layers } = JSON.parse(readFileSync(path, 'utf8')) as {
    manifests?: { digest: string }[];
    config?: { digest: string };
    layers?: { digest: string }[];
  };
  if (manifests !== undefined) return [digest, ...manifests.flatMap((one) => ledTo(root, one.digest))];
  return [digest, ...(config === undefined ? [] : [config.digest]), ...(layers ?? []).map((one) => one.digest)];
}

function unneededLayers(rows: StoreUnderTest['rows']): string[] {
  const snapshots = rows<SnapshotRow>('SELECT * FROM snapshot');
  const byId = new Map(snapshots.map((row) => [row.id, row]));
  const tops = new Set(
    rows<{ key: string }>(
      "SELECT chain AS key FROM image UNION SELECT chain FROM image_mount UNION SELECT key FROM lease WHERE owner LIKE 'kept-until-%'",
    ).map(({ key }) => key),
  );
  const replaced = new Set(
    rows<{ snapshot: number }>('SELECT snapshot FROM replaced_layer').map((row) => row.snapshot),
  );
  const needed = new Set<number>();
  for (const row of snapshots) {
    if (row.kind === 'layer' && !tops.has(row.key) && !replaced.has(row.id)) continue;
    for (let at: SnapshotRow | undefined = row; at !== undefined; at = byId.get(at.parent ?? -1)) needed.add(at.id);
  }
  return snapshots.filter(({ id }) => !needed.has(id)).map(({ key }) => key);
}

const layersOf = (text: string): { digest: string; diffId: string }[] =>
  JSON.parse(text) as { digest: string; diffId: string }[];

/** Names of stacks of layers (image-spec config.md, "Layer ChainID"). */
function chainOf(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : hashed('sha256:', Buffer.from(`${below} ${diffId}`)));
  }
  return chain;
}

function hashed(like: string, bytes: Uint8Array): string {
  const algorithm = like.slice(0, like.indexOf(':'));
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

const blobPath = (root: string, digest: string): string => join(root, 'blobs', ...digest.split(':'));
const names = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);
const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
