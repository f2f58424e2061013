import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { BindMount, ContainerOptions, VolumeMount } from '#engine/container/options.ts';
import { checkVolumeName } from '#engine/volume/name.ts';

const FIELD = '--volume';
/** Of machines whose files need no synchronizing. */
const NO_EFFECT = /^(cached|delegated|consistent)$/;
const RELABEL = /^[zZ]$/;

export interface AskedVolumes {
  binds: BindMount[];
  volumes: VolumeMount[];
}

/** Reads `-v [SOURCE:]DESTINATION[:OPTIONS]`: a source with a slash or a dot in front is a path of this machine. */
export function readVolumes(texts: readonly string[], driver?: string): AskedVolumes {
  const asked: AskedVolumes = { binds: [], volumes: [] };
  for (const text of texts) {
    const { source, destination, words } = split(text);
    const mount = {
      destination,
      readOnly: words.includes('ro'),
      options: words.filter((word) => !/^(ro|rw|nocopy)$/.test(word) && !NO_EFFECT.test(word) && !RELABEL.test(word)),
    };
    if (isAbsolute(source) || source.startsWith('.')) {
      if (words.includes('nocopy')) throw bad(text, 'nocopy is for volumes');
      asked.binds.push({ source: resolve(source), ...mount });
      continue;
    }
    if (source !== '') checkVolumeName(source, `read ${FIELD} "${text}"`, FIELD);
    asked.volumes.push({
      ...(source === '' ? {} : { name: source }),
      ...(words.includes('nocopy') ? { noCopy: true } : {}),
      ...(driver === undefined ? {} : { driver }),
      ...mount,
    });
  }
  return asked;
}

function split(text: string): { source: string; destination: string; words: string[] } {
  const parts = text.split(':');
  const [source = '', destination = '', options = ''] = parts.length === 1 ? ['', text] : parts;
  if (parts.length > 3) throw bad(text, 'it has too many colons');
  if (parts.length > 1 && source === '') throw bad(text, 'the source is empty');
  if (!isAbsolute(destination)) throw bad(text, 'write SOURCE:DESTINATION, the destination being an absolute path');
  if (/^\/+\.?\/*$/.test(destination)) throw bad(text, 'the destination is the root itself');
  const words = options.split(',').filter((word) => word !== '');
  if (words.includes('ro') && words.includes('rw')) throw bad(text, 'ro and rw exclude each other');
  // Without SELinux there are no labels to change.
  if (words.some((word) => RELABEL.test(word)) && existsSync('/sys/fs/selinux/enforce'))
    throw new Fault('unsupported', `read ${FIELD} "${text}": files are not relabelled`, { field: FIELD });
  if (words.includes('U'))
    throw new Fault('unsupported', `read ${FIELD} "${text}": files are not given to another owner`, {
      field: FIELD,
      hint: 'A new volume takes the owner of the directory that the image has there.',
    });
  return { source, destination, words };
}

/** Reads `--volumes-from CONTAINER[:ro|rw]`. */
export function readVolumesFrom(texts: readonly string[]): NonNullable<ContainerOptions['volumesFrom']> {
  return texts.map((text) => {
    const [container = '', mode, ...rest] = text.split(':');
    if (container !== '' && rest.length === 0 && (mode === undefined || /^(ro|rw|z|Z)$/.test(mode)))
      return { container, ...(mode === 'ro' ? { readOnly: true } : {}) };
    throw new Fault('invalid', `read --volumes-from ${text}: write CONTAINER, CONTAINER:ro or CONTAINER:rw`, {
      field: '--volumes-from',
    });
  });
}

const bad = (text: string, why: string): Fault =>
  new Fault('invalid', `read ${FIELD} "${text}": ${why}`, { field: FIELD });
