/** Of linux/magic.h; those that a root may lie on. */
const NAMES: Readonly<Record<number, string>> = {
  0xef53: 'extfs',
  0x5846_5342: 'xfs',
  0x9123_683e: 'btrfs',
  0x0102_1994: 'tmpfs',
  0x794c_7630: 'overlayfs',
  0x6969: 'nfs',
  0x2fc1_2fc1: 'zfs',
  0xf2f5_2010: 'f2fs',
  0x6573_5546: 'fuse',
};

/** `extfs` for 0xef53, as docker says it. */
export const fileSystemName = (type: number): string => NAMES[type] ?? `0x${type.toString(16)}`;
