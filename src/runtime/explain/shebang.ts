export interface Shebang {
  interpreter: string;
  /** The line ends in a carriage return, which the kernel takes as part of the interpreter's name. */
  carriageReturn: boolean;
}

/** The interpreter that a script names in its first line; undefined when it is no script. */
export function readShebang(head: Buffer): Shebang | undefined {
  if (head[0] !== 0x23 || head[1] !== 0x21) return undefined;
  const end = head.indexOf(0x0a);
  const line = head.toString('utf8', 2, end < 0 ? Math.min(head.length, 256) : end);
  const interpreter = line.trim().split(/[ \t]/)[0] ?? '';
  return { interpreter, carriageReturn: line.endsWith('\r') };
}
