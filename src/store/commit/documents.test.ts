import { expect, test } from 'bun:test';
import { digestOf } from '#store/digest.ts';
import { configDocument, manifestDocument, type NewStep } from './documents.ts';

const [LOW, NEW] = [digestOf('low'), digestOf('new')];
const OLD = {
  architecture: 'arm64',
  variant: 'v8',
  os: 'linux',
  author: 'somebody',
  docker_version: '20',
  container_config: { Cmd: ['x'] },
  config: { Env: ['A=1'] },
  rootfs: { type: 'layers', diff_ids: [LOW] },
  history: [{ created_by: 'old' }],
};
const STEP: NewStep = {
  created: '2026-01-02T03:04:05Z',
  author: undefined,
  comment: '',
  createdBy: 'sh',
  config: { Env: ['A=2'] },
  diffId: NEW,
  squash: false,
};
const read = (step: Partial<NewStep> = {}): unknown => JSON.parse(configDocument(OLD, { ...STEP, ...step }).toString());
const layer = (mediaType: string) => ({ mediaType, digest: LOW, size: 1 });

test('A new configuration keeps the machine, the layers and the history, and nothing that Docker noted', () => {
  expect(read()).toEqual({
    created: STEP.created,
    architecture: 'arm64',
    variant: 'v8',
    os: 'linux',
    config: { Env: ['A=2'] },
    rootfs: { type: 'layers', diff_ids: [LOW, NEW] },
    history: [{ created_by: 'old' }, { created: STEP.created, created_by: 'sh' }],
  });
});

test('One layer alone forgets the history; author and comment are told where they are', () => {
  expect(read({ squash: true, author: 'a', comment: 'c', createdBy: '' })).toMatchObject({
    author: 'a',
    rootfs: { diff_ids: [NEW] },
    history: [{ created: STEP.created, author: 'a', comment: 'c' }],
  });
});

test('Layers get the words of the format, and keep their bytes; what it has no word for is refused', () => {
  const config = { digest: NEW, size: 2 };
  const gzip = layer('application/vnd.docker.image.rootfs.diff.tar.gzip');
  const zstd = layer('application/vnd.oci.image.layer.v1.tar+zstd');
  const oci = manifestDocument('oci', config, [gzip, zstd]);
  expect(oci.layers).toEqual([layer('application/vnd.oci.image.layer.v1.tar+gzip'), zstd]);
  expect(JSON.parse(oci.bytes.toString())).toMatchObject({ schemaVersion: 2, config: oci.config, layers: oci.layers });
  expect(manifestDocument('docker', config, [gzip]).layers).toEqual([gzip]);
  expect(() => manifestDocument('docker', config, [zstd])).toThrow('a layer below is compressed with zstd');
});
