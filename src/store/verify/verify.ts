import { Fault, isFault, sentence } from '#base/fault.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import type { Snapshotter } from '#store/snapshot/port.ts';
import { collect } from '#store/upkeep/collect.ts';
import { blobProblem, mendBlob, type Origins } from './blob.ts';
import type { Finding, Verified, VerifyProgress } from './finding.ts';
import { looksRight, mendLayer, rebuildLayer } from './layer.ts';
import { mendRecord, recordProblem } from './record.ts';
import { subjectsOf, type BlobSubject, type LayerSubject, type Subjects } from './subjects.ts';

export interface VerifyOptions {
  /** Undefined for all that the store has. */
  images?: readonly ImageRecord[];
  repair: boolean;
  /** Where the blobs of an image or index can be had again. */
  origins?: Origins;
  onProgress?: (progress: VerifyProgress) => void;
  signal?: AbortSignal;
}

interface Look {
  parts: StoreParts;
  /** Of both drivers. */
  snapshotters: readonly Snapshotter[];
  area: string;
  options: VerifyOptions;
  onProgress: (progress: VerifyProgress) => void;
  findings: Finding[];
  /** Blobs and layers that stay wrong: what stands on them cannot be looked at. */
  wrong: Set<string>;
}

const MOST_DIFFERENCES = 20;

/**
 * Looks at every byte: blobs against their digests, records against the documents, unpacked layers against what their
 * blobs give. With `repair` it mends what it can, one thing at a time and each in one step, so it may be killed at any
 * moment. Leases keep what is looked at. Throws `cancelled`, `exhausted`; what it finds is no fault.
 */
export async function verifyStore(
  parts: StoreParts,
  snapshotters: readonly Snapshotter[],
  options: VerifyOptions,
): Promise<Verified> {
  const verified = await inWorkArea(parts, 'verify the store', async ({ owner, path }) => {
    const onProgress = options.onProgress ?? (() => undefined);
    const look: Look = { parts, snapshotters, area: path, options, onProgress, findings: [], wrong: new Set() };
    const subjects = lease(parts, owner, options.images);
    let bytes = 0;
    for (const blob of subjects.blobs) bytes += await lookAtBlob(look, blob);
    for (const image of subjects.images) await lookAtRecord(look, image);
    let layers = 0;
    for (const layer of subjects.layers) layers += await lookAtLayer(look, layer);
    return { images: subjects.images.length, blobs: subjects.blobs.length, layers, bytes, findings: look.findings };
  });
  if (options.repair) await collect(parts);
  return verified;
}

function lease(parts: StoreParts, owner: string, images: readonly ImageRecord[] | undefined): Subjects {
  return parts.database.transaction(() => {
    const subjects = subjectsOf(parts, images ?? parts.images.list(), images === undefined);
    for (const { digest } of subjects.blobs) parts.leases.take(owner, 'blob', digest);
    for (const { chainId } of subjects.layers) parts.leases.take(owner, 'snapshot', chainId);
    return subjects;
  });
}

/** Gives the bytes that it read. */
async function lookAtBlob(look: Look, subject: BlobSubject): Promise<number> {
  const { parts, options, onProgress } = look;
  const { digest, images, indexes } = subject;
  const total = subject.size ?? 0;
  let done = 0;
  const tell = (phase: VerifyProgress['phase']): void => onProgress({ kind: 'layer', digest, total, done, phase });
  const hashing = (bytes: number): void => {
    done = bytes;
    tell('hash');
  };
  const problem = await blobProblem(parts, subject, hashing, options.signal);
  tell(problem === undefined ? 'good' : 'wrong');
  if (problem === undefined) return done;
  const { mended, outcome } = options.repair
    ? await mendBlob(parts, subject, look.area, options.origins ?? (() => Promise.resolve([])))
    : { mended: false, outcome: '' };
  if (!mended) look.wrong.add(digest);
  look.findings.push({
    kind: 'blob',
    digest,
    images: [...images.map(({ configDigest }) => configDigest), ...indexes.map(({ id }) => id)],
    problem,
    differences: [],
    state: stateOf(look, mended),
    outcome,
  });
  return done;
}

async function lookAtRecord(look: Look, image: ImageRecord): Promise<void> {
  const { parts, options, wrong } = look;
  if (wrong.has(image.manifestDigest) || wrong.has(image.configDigest)) return;
  const found = await recordProblem(parts, image);
  if (found === undefined) return;
  const mended = options.repair && found.told !== undefined;
  if (mended && found.told !== undefined) mendRecord(parts, image, found.told);
  look.findings.push({
    kind: 'record',
    digest: image.configDigest,
    images: [image.configDigest],
    problem: found.problem,
    differences: [],
    state: stateOf(look, mended),
    outcome: !options.repair ? '' : mended ? 'written again from the documents' : 'remove the image and pull it again',
  });
}

/** Gives the number of trees it compared: a layer may be unpacked for either driver. */
async function lookAtLayer(look: Look, subject: LayerSubject): Promise<number> {
  const { parts, snapshotters, wrong, options, onProgress } = look;
  const { chainId, parent, layer } = subject;
  const holders = snapshotters.filter((snapshots) => snapshots.list().some(({ key }) => key === chainId));
  // Where no driver has it any more, the image cannot run: that of the store brings it back.
  const drivers = holders.length > 0 ? holders : snapshotters.slice(0, 1);
  for (const snapshots of drivers) {
    if (options.signal?.aborted === true) throw new Fault('cancelled', 'verify', { cause: options.signal.reason });
    // Only copied trees hold what the layers below them hold.
    const isOnWrong = snapshots.driver === 'copy' && parent !== undefined && wrong.has(parent);
    if (wrong.has(layer.digest) || isOnWrong) {
      unseen(look, subject, holders.length === 0);
      continue;
    }
    onProgress({ kind: 'layer', digest: layer.digest, total: layer.size, done: layer.size, phase: 'compare' });
    if (await looksRight(parts, snapshots, subject, options.signal)) {
      onProgress({ kind: 'layer', digest: layer.digest, total: layer.size, done: layer.size, phase: 'good' });
      continue;
    }
    const rebuilt = await rebuildLayer(parts, snapshots, subject, look.area, options.signal).catch((error: unknown) => {
      if (!isFault(error, 'unsupported', 'corrupt')) throw error;
      addLayer(look, subject, `could not be compared: ${sentence(error)}`, [], false, '');
    });
    if (rebuilt === undefined) continue;
    const { differences } = rebuilt;
    const isGood = differences?.length === 0;
    if (!isGood) {
      const { mended, outcome } = options.repair
        ? await mendLayer(parts, subject, rebuilt, look.area)
        : { mended: false, outcome: '' };
      if (!mended) wrong.add(chainId);
      addLayer(look, subject, problemOf(differences), differences ?? [], mended, outcome);
    }
    onProgress({
      kind: 'layer',
      digest: layer.digest,
      total: layer.size,
      done: layer.size,
      phase: isGood ? 'good' : 'wrong',
    });
    await parts.launcher.remove(look.area, `${snapshots.driver}-${chainId.slice(-16)}`);
  }
  return drivers.length;
}

function problemOf(differences: readonly string[] | undefined): string {
  if (differences === undefined) return 'its directory is missing';
  return `its files are not what its blob gives, in ${differences.length} place${differences.length === 1 ? '' : 's'}`;
}

/** Its blob or the layer below is wrong: only that it is there can be told. */
function unseen(look: Look, subject: LayerSubject, isMissing: boolean): void {
  look.wrong.add(subject.chainId);
  const cause = look.wrong.has(subject.layer.digest) ? 'its blob' : 'the layer below it';
  const problem = isMissing ? 'is missing' : 'could not be compared';
  addLayer(look, subject, problem, [], false, `${cause} is wrong`);
}

function addLayer(
  look: Look,
  { chainId, images }: LayerSubject,
  problem: string,
  differences: readonly string[],
  mended: boolean,
  outcome: string,
): void {
  const more = differences.length - MOST_DIFFERENCES;
  look.findings.push({
    kind: 'layer',
    digest: chainId,
    images: images.map(({ configDigest }) => configDigest),
    problem,
    differences: [...differences.slice(0, MOST_DIFFERENCES), ...(more > 0 ? [`and ${more} more`] : [])],
    state: stateOf(look, mended),
    outcome,
  });
}

function stateOf({ options }: Look, mended: boolean): Finding['state'] {
  return mended ? 'mended' : options.repair ? 'lost' : 'wrong';
}
