/** An ELF file of one page that the kernel takes: it crashes at once, or wants an interpreter, or another machine. */
export function tinyProgram({ machine, interpreter }: { machine?: number; interpreter?: string } = {}): Buffer {
  const [PT_LOAD, PT_INTERP, base] = [1, 3, 0x40_0000n];
  const headers = interpreter === undefined ? 1 : 2;
  const code = 64 + headers * 56;
  // No memory is at 0; arm64 has no instruction 0.
  const crash = process.arch === 'x64' ? [0x31, 0xc0, 0x89, 0x00] : [0, 0, 0, 0];
  const name = interpreter === undefined ? Buffer.alloc(0) : Buffer.from(`${interpreter}\0`);
  const file = Buffer.alloc(code + crash.length + name.length);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine ?? (process.arch === 'x64' ? 62 : 183), 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(base + BigInt(code), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(headers, 56);
  Buffer.from(crash).copy(file, code);
  name.copy(file, code + crash.length);
  const header = (at: number, type: number, offset: number, size: number): void => {
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(5, at + 4); // readable, executable
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    for (const place of [16, 24]) file.writeBigUInt64LE(base + BigInt(offset), at + place);
    for (const place of [32, 40]) file.writeBigUInt64LE(BigInt(size), at + place);
    file.writeBigUInt64LE(0x1000n, at + 48);
  };
  header(64, PT_LOAD, 0, file.length);
  if (interpreter !== undefined) header(120, PT_INTERP, code + crash.length, name.length);
  return file;
}
