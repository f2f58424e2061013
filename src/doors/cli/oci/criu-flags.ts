import { resolve } from 'node:path';
import type { CriuOptions } from '#runtime/criu/options.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';

/** Flags that checkpoint and restore share. */
export const CRIU_FLAGS: FlagTable = {
  'image-path': { kind: 'text', does: 'directory of the images (default: checkpoint)' },
  'work-path': { kind: 'text', does: 'directory of the log (default: that of the images)' },
  'tcp-established': { kind: 'switch', does: 'allow open TCP connections' },
  'tcp-close': { kind: 'switch', does: 'close TCP connections' },
  'ext-unix-sk': { kind: 'switch', does: 'allow unix sockets that lead outside' },
  'shell-job': { kind: 'switch', does: 'allow jobs of a shell' },
  'lazy-pages': { kind: 'switch', does: 'memory comes later, page by page' },
  'file-locks': { kind: 'switch', does: 'keep file locks' },
  'manage-cgroups-mode': { kind: 'text', does: 'soft, full, strict or ignore (default: soft)' },
  'empty-ns': { kind: 'list', does: 'make a namespace without its contents: network' },
  'auto-dedup': { kind: 'switch', does: 'keep each page of memory in one image only' },
};

export function criuOptions(flags: Flags): CriuOptions {
  const images = resolve(flags.text('image-path') ?? 'checkpoint');
  const manageCgroups = flags.text('manage-cgroups-mode');
  return {
    images,
    work: resolve(flags.text('work-path') ?? images),
    tcpEstablished: flags.on('tcp-established'),
    tcpClose: flags.on('tcp-close'),
    unixSockets: flags.on('ext-unix-sk'),
    shellJob: flags.on('shell-job'),
    lazyPages: flags.on('lazy-pages'),
    fileLocks: flags.on('file-locks'),
    autoDedup: flags.on('auto-dedup'),
    emptyNamespaces: flags.list('empty-ns'),
    ...(manageCgroups ? { manageCgroups } : {}),
  };
}
