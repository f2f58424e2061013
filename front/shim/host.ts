/** The functions of host_*.c. All of them throw errors as node:fs does, with `code`, `errno`, `syscall` and `path`. */
export interface Host {
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** Bytes read; with a position, the offset of the descriptor stays. */
  read(fd: number, buffer: ArrayBufferLike, offset: number, size: number, position?: number): number;
  write(fd: number, buffer: ArrayBufferLike, offset: number, size: number): number;
  /** mode, size, uid, gid, dev, ino, rdev, nlink, blocks of 512 bytes, mtime in milliseconds */
  stat(path: string, follow: boolean): number[];
  exists(path: string): boolean;
  fstat(fd: number): number[];
  fsync(fd: number): void;
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  chmod(path: string, mode: number): void;
  chown(path: string, uid: number, gid: number): void;
  rename(from: string, to: string): void;
  symlink(target: string, path: string): void;
  readlink(path: string): string;
  /** Names and kinds (DT_*) in turn. */
  readDirectory(path: string): (string | number)[];
  /** As UTF-8; bytes written. */
  encode(text: string, buffer: ArrayBufferLike, offset: number): number;
  /**
   * All steps of a plan (#kernel/encode-steps.ts): the new end, plus 2^32 for each slot; -1 for more room, -2 for a plan
   * that it does not take.
   */
  putSteps(
    buffer: ArrayBufferLike,
    at: number,
    programs: unknown,
    table: unknown,
    inherited: readonly string[],
  ): number;
  utf8Length(text: string): number;
  decode(buffer: ArrayBufferLike, offset: number, size: number, latin1: boolean): string;
  /** A whole file. */
  readText(path: string, latin1: boolean): string;
  /** A descriptor of -1 is /dev/null. */
  spawn(command: readonly string[], environment: readonly string[], descriptors: readonly number[]): number;
  listen(signal: number, on: boolean): void;
  /** Watched: a descriptor times two, plus one for writing. */
  next(milliseconds: number, watched: readonly number[]): ['exit' | 'signal' | 'ready', number, number] | null;
  kill(pid: number, signal: number): void;
  sleep(milliseconds: number): void;
  become(path: string, command: readonly string[]): never;
  /** Waits until this process alone has the file locked; until the descriptor is closed. */
  lock(path: string): number;
  /** Enters the user namespace of the descriptor, with mounts of one's own; false when it is this process's already. */
  joinUser(fd: number): boolean;
  /** A new one; each mapper is a program with its arguments, the first of which becomes our pid. */
  newUser(mappers: readonly (readonly string[])[]): void;
  /** Path of the launcher, sealed in memory. */
  launcher(): string;
  launcherIs(path: string): boolean;
  connect(path: string): number;
  /** Bytes taken; 0 when it would have to wait. */
  send(fd: number, buffer: ArrayBufferLike, offset: number, size: number): number;
  sqlOpen(path: string): number;
  sqlClose(connection: number): void;
  sqlExecute(connection: number, sql: string): void;
  sqlPrepare(connection: number, sql: string): number;
  sqlQuery(statement: number, values: readonly unknown[]): Record<string, unknown>[];
  sqlChanged(connection: number): number[];
  /** Milliseconds of the monotonic clock. */
  monotonic(): number;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly machine: string;
  readonly directory: string;
  /** Of the OCI runtime alone; see #runtime/stored/world.ts. */
  readonly build: string;
  readonly looked: '' | 'missing' | 'stale';
  readonly released?: ArrayBuffer;
}

export const host: Host = (globalThis as unknown as { host: Host }).host;
