/**
 * Calls that some architectures make through another: socketcall and ipc take the number of the real one as their first
 * argument. A rule on the real one must hold there too, or a 32-bit program would walk around it.
 */
const SOCKETCALL =
  'socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt ' +
  'getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg';
const IPC: Readonly<Record<string, number>> = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

export interface Multiplexed {
  /** Number of the call that carries it. */
  number: number;
  /** Its first argument. */
  first: number;
}

/** How `name` is made through another call, where the architecture has one. */
export function multiplexed(name: string, table: ReadonlyMap<string, number>): Multiplexed | undefined {
  const ipc = Object.hasOwn(IPC, name) ? IPC[name] : undefined;
  const first = ipc ?? SOCKETCALL.split(' ').indexOf(name) + 1;
  const number = first === 0 ? undefined : table.get(ipc === undefined ? 'socketcall' : 'ipc');
  return number === undefined ? undefined : { number, first };
}
