/** Ranges of ids that root has given a user: /etc/subuid and /etc/subgid, see subuid(5). */
export interface IdRange {
  start: number;
  count: number;
}

/** Those of a user by name or number, in the order of the file; lines that cannot be read give nothing. */
export function subordinateIds(text: string, owners: readonly string[]): IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [owner = '', start = '', count = ''] = line.trim().split(':');
    if (!owners.includes(owner) || !/^\d+$/.test(start) || !/^[1-9]\d*$/.test(count)) return [];
    return [{ start: Number(start), count: Number(count) }];
  });
}

/** Name of a user by /etc/passwd; undefined when they are not in there. */
export function userName(passwd: string, uid: number): string | undefined {
  const fields = passwd.split('\n').map((line) => line.split(':'));
  return fields.find(([, , id]) => id === String(uid))?.[0];
}
