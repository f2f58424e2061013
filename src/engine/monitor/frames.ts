/**
 * Frames of a monitor's attach socket (docs/monitor.md): type (u8), three zero bytes, length (u32, big-endian),
 * payload. Types 0 to 2 are those of Docker's multiplexed streams.
 */
export const FRAME = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  started: 16,
  failed: 17,
  exited: 18,
  warned: 19,
  checked: 21,
  restarting: 20,
  start: 32,
  resize: 33,
  closeStdin: 34,
  quiet: 35,
  signal: 36,
  check: 39,
  restart: 38,
} as const;

const HEAD = 8;

/** One frame, ready to be written. */
export function frame(type: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const out = Buffer.alloc(HEAD + payload.length);
  out[0] = type;
  out.writeUInt32BE(payload.length, 4);
  out.set(payload, HEAD);
  return out;
}

export function resizeFrame(rows: number, columns: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16BE(rows, 0);
  size.writeUInt16BE(columns, 2);
  return frame(FRAME.resize, size);
}

/** How many runs are to follow, as a number of `restartCode`. */
export function restartFrame(code: number): Buffer {
  const policy = Buffer.alloc(4);
  policy.writeUInt32BE(code, 0);
  return frame(FRAME.restart, policy);
}

/** A parser that is fed whatever the socket gave and hands out whole frames in order. */
export function frameParser(onFrame: (type: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const all = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let at = 0;
    while (all.length - at >= HEAD) {
      const end = at + HEAD + all.readUInt32BE(at + 4);
      if (end > all.length) break;
      onFrame(all[at] ?? 0, all.subarray(at + HEAD, end));
      at = end;
    }
    pending = all.subarray(at);
  };
}
