import { formatBytes } from '#base/units.ts';
import { broken, degraded, ok, type Look } from './finding.ts';

/** Of linux/magic.h; what overlay file systems cannot have as their upper layer, or the database as its home. */
const TYPES = { overlay: 0x794c_7630, nfs: 0x6969, smb: 0x517b, cifs: 0xff53_4d42, fuse: 0x6573_5546 };
const REMOTE: ReadonlySet<number> = new Set([TYPES.nfs, TYPES.smb, TYPES.cifs]);

const driver: Look = ({ read, disk, root }) => {
  if (!/\soverlay$/m.test(read('/proc/filesystems') ?? '')) {
    return broken('this kernel has no overlay file system', 'Use --snapshotter copy, or modprobe overlay.');
  }
  const { type } = disk(root);
  if (type === TYPES.overlay || REMOTE.has(type) || type === TYPES.fuse) {
    return broken(
      `${root} lies on a file system that overlay cannot write to`,
      'Use --snapshotter copy, or another --root.',
    );
  }
  return ok('overlay');
};

const database: Look = ({ disk, root }) =>
  REMOTE.has(disk(root).type)
    ? broken(`${root} is on a network file system, where the database can be damaged`, 'Use a --root on a local disk.')
    : ok('on a local disk');

const LEAST_FREE = 0.1;

const space: Look = ({ disk, root }) => {
  const { free, size } = disk(root);
  const text = `${formatBytes(free)} of ${formatBytes(size)} are free`;
  return size > 0 && free / size < LEAST_FREE
    ? degraded(text, 'sampan image prune -a removes images that nothing uses.')
    : ok(text);
};

export const STORAGE: Readonly<Record<string, Look>> = { snapshotter: driver, database, space };
