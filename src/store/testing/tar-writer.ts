/** A small tar writer for tests, which can also write what no honest archive holds. */
export interface TarItem {
  name: string;
  type?: string;
  content?: Uint8Array | string;
  link?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  major?: number;
  minor?: number;
  /** Size field of the header when it is to differ from the content's. */
  size?: number;
  /** Records of a pax extended header before the entry. */
  pax?: Readonly<Record<string, string | Uint8Array>>;
  prefix?: string;
}

const BLOCK = 512;

export function tar(...items: readonly TarItem[]): Buffer {
  return Buffer.concat([...items.map(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

export function tarEntry(item: TarItem): Buffer {
  const content = Buffer.from(item.content ?? '');
  const header = tarHeader({ ...item, size: item.size ?? content.length });
  const extended = item.pax === undefined ? [] : [paxEntry('x', item.pax)];
  return Buffer.concat([...extended, header, blocks(content)]);
}

export function paxEntry(type: 'x' | 'g', records: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const body = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, Buffer.from(value))));
  return Buffer.concat([tarHeader({ name: 'pax', type, size: body.length }), blocks(body)]);
}

export function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function blocks(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

export function tarHeader(item: TarItem): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(item.name, 0, 100, 'latin1');
  octal(header, item.mode ?? 0o644, 100, 8);
  octal(header, item.uid ?? 0, 108, 8);
  octal(header, item.gid ?? 0, 116, 8);
  octal(header, item.size ?? 0, 124, 12);
  octal(header, item.mtime ?? 1_700_000_000, 136, 12);
  header.write(item.type ?? '0', 156, 1, 'latin1');
  header.write(item.link ?? '', 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 8, 'latin1');
  octal(header, item.major ?? 0, 329, 8);
  octal(header, item.minor ?? 0, 337, 8);
  header.write(item.prefix ?? '', 345, 155, 'latin1');
  return sealHeader(header);
}

/** Writes the checksum; for tests that change a header afterwards. */
export function sealHeader(header: Buffer): Buffer {
  header.fill(0x20, 148, 156);
  octal(
    header,
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return header;
}

function octal(header: Buffer, value: number, at: number, size: number): void {
  header.write(`${value.toString(8).padStart(size - 1, '0')}\0`, at, size, 'latin1');
}
