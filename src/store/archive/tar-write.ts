const BLOCK = 512;
/** The largest size that eleven octal digits hold. */
const LARGEST_OCTAL = 0o77777777777;

/** Header of a plain file or directory of an archive that we write ourselves: short names, root's, made at time 0. */
export function plainHeader(name: string, size: number, kind: 'file' | 'directory' = 'file'): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  number(header, kind === 'file' ? 0o644 : 0o755, 100, 8);
  number(header, 0, 108, 8);
  number(header, 0, 116, 8);
  number(header, size, 124, 12);
  number(header, 0, 136, 12);
  header.write(kind === 'file' ? '0' : '5', 156);
  header.write('ustar\x0000', 257, 'latin1');
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return header;
}

/** What fills the last block of a file. */
export function filler(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Two blocks of zeros end an archive. */
export const END_OF_ARCHIVE: Buffer = Buffer.alloc(2 * BLOCK);

/** Octal, or GNU's base-256 where that does not hold it. */
function number(header: Buffer, value: number, at: number, width: number): void {
  if (value <= LARGEST_OCTAL) {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, width, 'latin1');
    return;
  }
  header.writeBigUInt64BE(BigInt(value), at + width - 8);
  header[at] = 0x80;
}
