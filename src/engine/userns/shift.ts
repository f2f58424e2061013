import { Fault } from '#base/fault.ts';
import type { IdMapping } from '#runtime/spec/spec.ts';
import type { Userns } from './wish.ts';

export interface Owner {
  uid: number;
  gid: number;
}
export type Shift = (owner: Owner) => Owner;

/** Numbers of a container as the machine has them, for files that are made in it while it runs; undefined when they are the same. */
export function outsideOf(userns: Userns | undefined): Shift | undefined {
  return shiftBy(userns, 'containerID', 'hostID');
}

/** The other way, for files that are read in it. */
export function insideOf(userns: Userns | undefined): Shift | undefined {
  return shiftBy(userns, 'hostID', 'containerID');
}

function shiftBy(userns: Userns | undefined, from: keyof IdMapping, to: keyof IdMapping): Shift | undefined {
  const { uids, gids } = userns ?? {};
  if (uids === undefined || gids === undefined) return undefined;
  const shift = (maps: readonly IdMapping[], id: number): number => {
    const range = maps.find((one) => id >= one[from] && id < one[from] + one.size);
    if (range !== undefined) return id - range[from] + range[to];
    throw new Fault('invalid', `copy: owner ${id} has no number in the container's user namespace`);
  };
  return ({ uid, gid }) => ({ uid: shift(uids, uid), gid: shift(gids, gid) });
}
