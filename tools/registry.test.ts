import { describe, expect, test } from 'bun:test';
import { busyboxImage } from '#tools/image/busybox.ts';
import { MEDIA, sha256 } from '#tools/image/oci-image.ts';
import { pushImage, pushIndex } from '#tools/image/push.ts';
import { startRegistry } from '#tools/registry.ts';

const manifest = (url: string, name: string, tag: string, accept: string): Promise<Response> =>
  fetch(`${url}/v2/${name}/manifests/${tag}`, { headers: { accept } });

describe('the registry on loopback', () => {
  test('serves what was pushed, byte for byte, and is gone when stopped', async () => {
    const registry = await startRegistry();
    const image = busyboxImage({ User: 'app' });
    await pushImage(registry.url, 'small/box', '1', image);
    const served = await manifest(registry.url, 'small/box', '1', MEDIA.manifest);
    expect(sha256(new Uint8Array(await served.arrayBuffer()))).toBe(image.manifestDescriptor.digest);
    for (const [digest, bytes] of image.blobs) {
      const blob = await fetch(`${registry.url}/v2/small/box/blobs/${digest}`);
      expect(Buffer.compare(new Uint8Array(await blob.arrayBuffer()), bytes)).toBe(0);
    }
    await registry.stop();
    await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow();
  });

  test('two of them run side by side', async () => {
    await using first = await startRegistry();
    await using second = await startRegistry();
    expect(first.host).not.toBe(second.host);
    await pushIndex(second.url, 'box', 'all', [busyboxImage()]);
    expect((await manifest(second.url, 'box', 'all', MEDIA.index)).status).toBe(200);
    expect((await manifest(first.url, 'box', 'all', MEDIA.index)).status).toBe(404);
  });
});
