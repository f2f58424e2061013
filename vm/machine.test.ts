import { describe, expect, test } from 'bun:test';
import { moduleFiles } from './initramfs.ts';
import { readReport } from './machine.ts';

describe('virtual machine', () => {
  test('modules come after what they depend on, each once', () => {
    const dependencies = [
      'kernel/virtio/virtio_pci.ko: kernel/virtio/virtio_ring.ko kernel/virtio/virtio.ko',
      'kernel/block/virtio_blk.ko: kernel/virtio/virtio_ring.ko kernel/virtio/virtio.ko',
      'kernel/virtio/virtio.ko:',
      'kernel/virtio/virtio_ring.ko: kernel/virtio/virtio.ko',
      'kernel/net/nf-tables.ko.xz:',
    ].join('\n');
    expect(moduleFiles(dependencies, ['virtio_pci', 'virtio_blk', 'nf_tables', 'none'])).toEqual([
      'kernel/virtio/virtio.ko',
      'kernel/virtio/virtio_ring.ko',
      'kernel/virtio/virtio_pci.ko',
      'kernel/block/virtio_blk.ko',
      'kernel/net/nf-tables.ko.xz',
    ]);
  });

  test('a report that was cut off brings no status', () => {
    expect(readReport('status 3\n<x/>\n-- end of report --\n')).toEqual({ status: 3, report: '<x/>\n' });
    expect(readReport('status 0\n<x/>')).toEqual({ status: undefined, report: '' });
    expect(readReport('')).toEqual({ status: undefined, report: '' });
  });
});
