import { ByteWriter } from '#kernel/byte-writer.ts';

const MAGIC = 0x43504d53; // "SMPC" in little-endian order
const VERSION = 1;
/** The numbers are those of front/stored.h. */
const SECTION = {
  config: 1,
  checks: 2,
  run: 3,
  create: 4,
  state: 5,
  plan: 6,
  answers: 7,
  named: 8,
  byPath: 9,
  bundle: 10,
} as const;

export type SectionName = keyof typeof SECTION;

/**
 * A file of sections for the front: magic and version (u32 each), the build that may use it (64 hexadecimal digits),
 * then number, length (u32 each) and bytes of every section.
 */
export function storedFile(build: string, sections: Readonly<Partial<Record<SectionName, Uint8Array>>>): Uint8Array {
  const out = new ByteWriter(64 * 1024);
  out.u32(MAGIC);
  out.u32(VERSION);
  out.append(Buffer.from(build, 'latin1'));
  for (const [name, bytes] of Object.entries(sections)) {
    out.u32(SECTION[name as SectionName]);
    out.bytes(bytes);
  }
  return out.take();
}
