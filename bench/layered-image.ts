import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tar } from '#store/testing/tar-writer.ts';
import { cachedImage } from '#tools/image/cache.ts';
import { debianImage } from '#tools/image/debian.ts';
import { makeImage, type Layer, type OciImage } from '#tools/image/oci-image.ts';
import { packTar } from '#tools/image/pack.ts';
import { generator } from '#tools/random.ts';

/** One layer each, on top of the Debian image: large libraries and programs, many small sources, texts, links. */
const PACKAGES = [
  'libllvm14',
  'git',
  'golang-1.19-src',
  'vim-runtime',
  'iso-codes',
  'perl-modules-5.36',
  'locales',
  'libpython3.11-stdlib',
  'tzdata',
];
const NOISE_FILES = 24;
const NOISE_SIZE = 1024 * 1024;

/** An image of 11 layers and 560 MB (160 MB packed) out of Debian's packages, and of data that does not shrink. */
export const layeredImage = (): OciImage =>
  cachedImage('layered', [PACKAGES, NOISE_FILES, NOISE_SIZE, process.arch], () => {
    const base = debianImage();
    const { layers } = JSON.parse(new TextDecoder().decode(base.manifest)) as { layers: { digest: string }[] };
    const packed = base.blobs.get(layers[0]?.digest ?? '') ?? new Uint8Array();
    const first = packTar(gunzipSync(packed));
    return makeImage([first, ...packageLayers(), noise()], { Cmd: ['bash'] });
  });

/** The files of each package, as the package has them. */
function packageLayers(): Layer[] {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-bench-packages-'));
  try {
    execFileSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...PACKAGES], { cwd: directory });
    const files = readdirSync(directory);
    return PACKAGES.map((name) => {
      const file = files.find((one) => one.startsWith(`${name}_`));
      if (file === undefined) throw new Error(`apt-get has brought no package ${name}`);
      return packTar(execFileSync('dpkg-deb', ['--fsys-tarfile', join(directory, file)], { maxBuffer: 2 ** 30 }));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function noise(): Layer {
  const random = generator(7);
  const bytes = (): Buffer =>
    Buffer.from(Uint32Array.from({ length: NOISE_SIZE / 4 }, () => random() * 2 ** 32).buffer);
  return packTar(tar(...Array.from({ length: NOISE_FILES }, (_, at) => ({ name: `noise-${at}`, content: bytes() }))));
}
