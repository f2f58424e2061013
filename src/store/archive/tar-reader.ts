/**
 * A push parser for tar archives: bytes in, events out, no streams per entry. Our own, because the tar libraries on
 * npm hand over neither GNU sparse maps, nor names as bytes, nor binary xattrs, and work entry by entry.
 * Reads ustar, pax (POSIX.1-2017) with global headers, GNU long names, base-256 numbers and all four sparse formats.
 */
import { paxFields, parsePax, type PaxRecord } from './pax.ts';
import { checkSparse, extensionSparse, headerSparse, padding, textSparse, type SparseMap } from './sparse.ts';
import { BLOCK, decodeHeader, isZeroBlock, tarFault, type TarHeader } from './tar-header.ts';
import { resolveEntry, type Resolved } from './resolve-entry.ts';
import type { TarEvents } from './tar-entry.ts';

const LARGEST_META = 1024 * 1024;
const META = new Set(['x', 'X', 'g', 'L', 'K']);

/** What the next bytes are. Whole units (all but `body`, `skip` and `end`) are gathered before they are looked at. */
type State = 'header' | 'extension' | 'meta' | 'map' | 'body' | 'skip' | 'end';

export class TarReader {
  readonly #events: TarEvents;
  #state: State = 'header';
  /** Bytes taken from the archive so far. */
  #offset = 0;
  /** A unit that spans several chunks. */
  #unit: Buffer = Buffer.allocUnsafe(BLOCK);
  #filled = 0;
  #wanted = BLOCK;
  #header: TarHeader | undefined;
  #headerAt = 0;
  #zeroBlocks = 0;
  #globals: readonly PaxRecord[] = [];
  #own: PaxRecord[] = [];
  #longName: string | undefined;
  #longLink: string | undefined;
  /** Of the old GNU sparse format, gathered over its extension blocks. */
  #map: number[] = [];
  #logicalSize = 0;
  #entry: Resolved | undefined;
  #mapText = Buffer.alloc(0);
  /** Stored bytes of the body that are still to come, and the filler after them. */
  #left = 0;
  #filler = 0;
  #pieces: SparseMap = [];
  #piece = 0;
  #pieceDone = 0;

  constructor(events: TarEvents) {
    this.#events = events;
  }

  /** Takes the next bytes of the archive. Throws `corrupt` (with the offset) or `unsupported`. */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const taken = this.#step(chunk, at);
      at += taken;
      this.#offset += taken;
    }
  }

  /** Says that there are no more bytes. An archive may end without its two zero blocks, but not inside an entry. */
  finish(): void {
    const between = this.#state === 'header' && this.#filled === 0 && !this.#pending();
    if (this.#state !== 'end' && !between) throw tarFault(this.#offset, 'it ends in the middle of an entry');
  }

  #pending(): boolean {
    return this.#own.length > 0 || this.#longName !== undefined || this.#longLink !== undefined;
  }

  #step(chunk: Buffer, at: number): number {
    if (this.#state === 'body') return this.#takeBody(chunk, at);
    if (this.#state === 'end') return chunk.length - at;
    if (this.#state === 'skip') {
      const taken = Math.min(this.#filler, chunk.length - at);
      this.#filler -= taken;
      if (this.#filler === 0) this.#await('header', BLOCK);
      return taken;
    }
    return this.#takeUnit(chunk, at);
  }

  #await(state: State, bytes: number): void {
    this.#state = state;
    this.#wanted = bytes;
    this.#filled = 0;
    if (bytes > this.#unit.length) this.#unit = Buffer.allocUnsafe(bytes);
  }

  /** Gathers a unit; one that lies whole in the chunk is read in place. */
  #takeUnit(chunk: Buffer, at: number): number {
    const missing = this.#wanted - this.#filled;
    if (this.#filled === 0 && chunk.length - at >= missing) {
      this.#unitDone(chunk.subarray(at, at + missing));
      return missing;
    }
    const taken = Math.min(missing, chunk.length - at);
    chunk.copy(this.#unit, this.#filled, at, at + taken);
    this.#filled += taken;
    if (this.#filled === this.#wanted) this.#unitDone(this.#unit.subarray(0, this.#wanted));
    return taken;
  }

  #unitDone(unit: Buffer): void {
    if (this.#state === 'header') this.#takeHeader(unit);
    else if (this.#state === 'meta') this.#takeMeta(unit);
    else if (this.#state === 'extension') this.#takeExtension(unit);
    else this.#takeMap(unit);
  }

  #takeHeader(block: Buffer): void {
    this.#headerAt = this.#offset - this.#filled;
    if (isZeroBlock(block)) {
      if (this.#pending()) throw tarFault(this.#headerAt, 'it ends after an extended header');
      if (++this.#zeroBlocks === 2) this.#state = 'end';
      else this.#await('header', BLOCK);
      return;
    }
    this.#zeroBlocks = 0;
    const header = decodeHeader(block, this.#headerAt);
    this.#header = header;
    if (META.has(header.type)) this.#openMeta(header);
    else if (header.type === 'S') this.#openOldSparse(block, header);
    else this.#open(header, undefined);
  }

  #openMeta(header: TarHeader): void {
    if (header.size > LARGEST_META) throw tarFault(this.#headerAt, `an extended header has ${header.size} bytes`);
    if (header.size === 0) {
      this.#await('header', BLOCK);
      return;
    }
    this.#await('meta', header.size + padding(header.size));
  }

  #takeMeta(unit: Buffer): void {
    const { type = '', size = 0 } = this.#header ?? {};
    const bytes = unit.subarray(0, size);
    if (type === 'L') this.#longName = untilNul(bytes);
    else if (type === 'K') this.#longLink = untilNul(bytes);
    else if (type === 'g') this.#globals = merge(this.#globals, parsePax(bytes, this.#headerAt));
    else this.#own.push(...parsePax(bytes, this.#headerAt));
    this.#await('header', BLOCK);
  }

  #openOldSparse(block: Buffer, header: TarHeader): void {
    const { map, size, more } = headerSparse(block, this.#headerAt);
    this.#map = map;
    this.#logicalSize = size;
    if (more) this.#await('extension', BLOCK);
    else this.#open(header, { map, size });
  }

  #takeExtension(block: Buffer): void {
    const { map, more } = extensionSparse(block, this.#offset);
    for (const number of map) this.#map.push(number);
    if (this.#map.length > LARGEST_META) throw tarFault(this.#offset, 'the sparse map is too large');
    if (more) this.#await('extension', BLOCK);
    else if (this.#header !== undefined) this.#open(this.#header, { map: this.#map, size: this.#logicalSize });
  }

  /** An entry's header is complete: what it is follows from all of its parts. */
  #open(header: TarHeader, sparse: { map: SparseMap; size: number } | undefined): void {
    const fields = paxFields(this.#globals, this.#own, this.#headerAt);
    const resolved = resolveEntry({
      header,
      fields,
      longName: this.#longName,
      longLink: this.#longLink,
      sparse,
      offset: this.#headerAt,
    });
    this.#own = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#entry = resolved;
    this.#left = resolved.stored;
    this.#filler = padding(resolved.stored);
    if (resolved.mapInBody) {
      this.#mapText = Buffer.alloc(0);
      this.#await('map', BLOCK);
    } else this.#begin(resolved, resolved.map ?? [0, resolved.stored]);
  }

  #takeMap(block: Buffer): void {
    const entry = this.#entry;
    if (entry === undefined || this.#left < BLOCK) throw tarFault(this.#offset, 'the sparse map does not end');
    this.#left -= BLOCK;
    this.#mapText = Buffer.concat([this.#mapText, block]);
    if (this.#mapText.length > LARGEST_META) throw tarFault(this.#offset, 'the sparse map is too large');
    const map = textSparse(this.#mapText, this.#headerAt);
    if (map === undefined) this.#await('map', BLOCK);
    else this.#begin(entry, map);
  }

  #begin(resolved: Resolved, pieces: SparseMap): void {
    if (resolved.entry.kind === 'file') checkSparse(pieces, resolved.entry.size, this.#left, this.#headerAt);
    this.#events.entry(resolved.entry);
    this.#pieces = pieces;
    this.#piece = 0;
    this.#pieceDone = 0;
    if (this.#left > 0) this.#state = 'body';
    else this.#endBody();
  }

  #endBody(): void {
    if (this.#filler > 0) this.#state = 'skip';
    else this.#await('header', BLOCK);
  }

  #takeBody(chunk: Buffer, at: number): number {
    while ((this.#pieces[this.#piece + 1] ?? Infinity) === this.#pieceDone) {
      this.#piece += 2;
      this.#pieceDone = 0;
    }
    const inPiece = (this.#pieces[this.#piece + 1] ?? 0) - this.#pieceDone;
    const taken = Math.min(inPiece, this.#left, chunk.length - at);
    this.#events.data((this.#pieces[this.#piece] ?? 0) + this.#pieceDone, chunk.subarray(at, at + taken));
    this.#pieceDone += taken;
    this.#left -= taken;
    if (this.#left === 0) this.#endBody();
    return taken;
  }
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
}

/** A later global header adds to the earlier ones; a key given again replaces its old value. */
function merge(old: readonly PaxRecord[], added: readonly PaxRecord[]): readonly PaxRecord[] {
  const keys = new Set(added.map(([key]) => key));
  return [...old.filter(([key]) => !keys.has(key)), ...added];
}
