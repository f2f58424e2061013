/** As much of node:fs as the runtime uses, over the host's functions. */
import { FS_CONSTANTS } from 'front:constants';
import { Buffer } from './buffer.ts';
import { host } from './host.ts';
import { dirname } from './path.ts';

export const constants: Readonly<Record<string, number>> = FS_CONSTANTS;

const FLAGS: Readonly<Record<string, number>> = {
  r: FS_CONSTANTS['O_RDONLY']!,
  'r+': FS_CONSTANTS['O_RDWR']!,
  w: FS_CONSTANTS['O_WRONLY']! | FS_CONSTANTS['O_CREAT']! | FS_CONSTANTS['O_TRUNC']!,
  wx: FS_CONSTANTS['O_WRONLY']! | FS_CONSTANTS['O_CREAT']! | FS_CONSTANTS['O_EXCL']!,
  a: FS_CONSTANTS['O_WRONLY']! | FS_CONSTANTS['O_CREAT']! | FS_CONSTANTS['O_APPEND']!,
};
const FIRST_READ = 8192;

export function openSync(path: string, flags: string | number = 'r', mode = 0o666): number {
  return host.open(path, typeof flags === 'number' ? flags : (FLAGS[flags] ?? 0), mode);
}
export const closeSync = (fd: number): void => host.close(fd);
export const fsyncSync = (fd: number): void => host.fsync(fd);

export function readSync(fd: number, to: Uint8Array, offset = 0, size = to.length - offset, position?: number): number {
  return host.read(fd, to.buffer, to.byteOffset + offset, size, position ?? -1);
}

export function writeSync(fd: number, data: Uint8Array | string, offset = 0, size?: number): number {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  return host.write(fd, bytes.buffer, bytes.byteOffset + offset, size ?? bytes.length - offset);
}

type ReadOptions = string | { encoding?: string | null } | undefined;
const encodingOf = (options: ReadOptions): string | undefined =>
  typeof options === 'string' ? options : (options?.encoding ?? undefined);

export function readFileSync(path: string | number, options?: ReadOptions): Buffer | string {
  const encoding = encodingOf(options);
  if (typeof path === 'string' && encoding !== undefined) return host.readText(path, encoding === 'latin1');
  const fd = typeof path === 'number' ? path : host.open(path, FLAGS['r']!);
  let buffer = Buffer.alloc(FIRST_READ);
  let length = 0;
  try {
    for (;;) {
      const got = host.read(fd, buffer.buffer, length, buffer.length - length);
      if (got === 0) break;
      length += got;
      if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length * 3)]);
    }
  } finally {
    if (fd !== path) host.close(fd);
  }
  if (encoding === undefined) return buffer.subarray(0, length) as Buffer;
  return host.decode(buffer.buffer, 0, length, encoding === 'latin1');
}

interface WriteOptions {
  mode?: number;
  flag?: string;
}

export function writeFileSync(path: string, data: string | Uint8Array, options: WriteOptions = {}): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const fd = openSync(path, options.flag ?? 'w', options.mode);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  } finally {
    host.close(fd);
  }
}
export const appendFileSync = (path: string, data: string | Uint8Array, options: WriteOptions = {}): void =>
  writeFileSync(path, data, { ...options, flag: 'a' });

const IS = {
  Directory: 4,
  File: 8,
  SymbolicLink: 10,
  FIFO: 1,
  Socket: 12,
  CharacterDevice: 2,
  BlockDevice: 6,
} as const;

/** An entry of a directory or the result of a stat: both tell kinds in the same way. */
class Kind {
  readonly #kind: number;
  constructor(kind: number) {
    this.#kind = kind;
  }
  isDirectory(): boolean {
    return this.#kind === IS.Directory;
  }
  isFile(): boolean {
    return this.#kind === IS.File;
  }
  isSymbolicLink(): boolean {
    return this.#kind === IS.SymbolicLink;
  }
  isFIFO(): boolean {
    return this.#kind === IS.FIFO;
  }
  isSocket(): boolean {
    return this.#kind === IS.Socket;
  }
  isCharacterDevice(): boolean {
    return this.#kind === IS.CharacterDevice;
  }
  isBlockDevice(): boolean {
    return this.#kind === IS.BlockDevice;
  }
}

class Stats extends Kind {
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly dev: number;
  readonly ino: number;
  readonly rdev: number;
  readonly nlink: number;
  readonly blocks: number;
  readonly mtimeMs: number;
  constructor([
    mode = 0,
    size = 0,
    uid = 0,
    gid = 0,
    dev = 0,
    ino = 0,
    rdev = 0,
    nlink = 0,
    blocks = 0,
    mtimeMs = 0,
  ]: number[]) {
    super((mode >> 12) & 15);
    this.mode = mode;
    this.size = size;
    this.uid = uid;
    this.gid = gid;
    this.dev = dev;
    this.ino = ino;
    this.rdev = rdev;
    this.nlink = nlink;
    this.blocks = blocks;
    this.mtimeMs = mtimeMs;
  }
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '');

interface StatOptions {
  throwIfNoEntry?: boolean;
}

function statOf(path: string, follow: boolean, options: StatOptions = {}): Stats | undefined {
  try {
    return new Stats(host.stat(path, follow));
  } catch (error) {
    if (options.throwIfNoEntry === false && isMissing(error)) return undefined;
    throw error;
  }
}

export const statSync = (path: string, options?: StatOptions): Stats | undefined => statOf(path, true, options);
export const lstatSync = (path: string, options?: StatOptions): Stats | undefined => statOf(path, false, options);
export const fstatSync = (fd: number): Stats => new Stats(host.fstat(fd));
export const existsSync = (path: string): boolean => host.exists(path);

export function mkdirSync(path: string, options: { recursive?: boolean; mode?: number } = {}): void {
  const { recursive = false, mode = 0o777 } = options;
  try {
    host.mkdir(path, mode);
  } catch (error) {
    const { code } = error as { code?: string };
    if (!recursive || (code !== 'ENOENT' && code !== 'EEXIST')) throw error;
    if (code === 'EEXIST') {
      if (statSync(path)?.isDirectory() === true) return;
      throw error;
    }
    const parent = dirname(path);
    if (parent === path || parent === '.') throw error;
    mkdirSync(parent, options);
    mkdirSync(path, options);
  }
}

class Entry extends Kind {
  readonly name: string;
  constructor(name: string, kind: number) {
    super(kind);
    this.name = name;
  }
}

/** Some file systems do not tell the kind along with the name. */
const kindOf = (path: string, told: number): number =>
  told === 0 ? ((host.stat(path, false)[0] ?? 0) >> 12) & 15 : told;

export function readdirSync(path: string, options: { withFileTypes?: boolean } = {}): (string | Entry)[] {
  const list = host.readDirectory(path);
  const entries: (string | Entry)[] = [];
  for (let at = 0; at < list.length; at += 2) {
    const name = String(list[at]);
    entries.push(
      options.withFileTypes === true ? new Entry(name, kindOf(`${path}/${name}`, Number(list[at + 1]))) : name,
    );
  }
  return entries;
}

export const rmdirSync = (path: string): void => host.rmdir(path);
export const unlinkSync = (path: string): void => host.unlink(path);
export const chmodSync = (path: string, mode: number): void => host.chmod(path, mode);
export const renameSync = (from: string, to: string): void => host.rename(from, to);
export const symlinkSync = (target: string, path: string): void => host.symlink(target, path);
export const readlinkSync = (path: string): string => host.readlink(path);

export function rmSync(path: string, options: { recursive?: boolean; force?: boolean } = {}): void {
  try {
    if (options.recursive === true && lstatSync(path)?.isDirectory() === true) {
      for (const name of readdirSync(path)) rmSync(`${path}/${String(name)}`, options);
      host.rmdir(path);
    } else {
      host.unlink(path);
    }
  } catch (error) {
    if (options.force !== true || !isMissing(error)) throw error;
  }
}

/** Layers are read by the large program only. */
export function createReadStream(): never {
  throw new Error('the front reads no streams');
}
export const chownSync = (path: string, uid: number, gid: number): void => host.chown(path, uid, gid);
