/** The functions of host_*.c. All of them throw errors as node:fs does, with `code`, `errno`, `syscall` and `path`. */
export interface Host {
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** Bytes read; with a position, the offset of the descriptor stays. */
  read(fd: number, buffer: ArrayBufferLike, offset: number, size: number, position?: number): number;
  write(fd: number, buffer: ArrayBufferLike, offset: number, size: number): number;
  /** mode, size, uid, gid, dev, ino, rdev */
  stat(path: string, follow: boolean): number[];
  fstat(fd: number): number[];
  fsync(fd: number): void;
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  chmod(path: string, mode: number): void;
  rename(from: string, to: string): void;
  symlink(target: string, path: string): void;
  readlink(path: string): string;
  /** Names and kinds (DT_*) in turn. */
  readDirectory(path: string): (string | number)[];
  encode(text: string, buffer: ArrayBufferLike, offset: number, latin1: boolean): number;
  utf8Length(text: string): number;
  decode(buffer: ArrayBufferLike, offset: number, size: number, latin1: boolean): string;
  /** A descriptor of -1 is /dev/null. */
  spawn(command: readonly string[], environment: readonly string[], descriptors: readonly number[]): number;
  listen(signal: number, on: boolean): void;
  next(milliseconds: number): ['exit', number, number] | ['signal', number, number] | null;
  kill(pid: number, signal: number): void;
  sleep(milliseconds: number): void;
  become(path: string, command: readonly string[]): never;
  /** Path of the launcher, sealed in memory. */
  launcher(): string;
  /** Milliseconds of the monotonic clock. */
  monotonic(): number;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly pid: number;
  readonly uid: number;
  readonly machine: string;
  readonly directory: string;
}

export const host: Host = (globalThis as unknown as { host: Host }).host;
