/** The lines of a document, and the next one to read. */
export interface Lines {
  all: string[];
  at: number;
}

/**
 * The text below a `|` or `>`, when `head` is one; its lines stand further to the right than `indent`. `lines` is at the
 * line of the head.
 */
export function blockScalar(lines: Lines, head: string, indent: number): string | undefined {
  const match = /^([|>])([+-]?)([1-9]?)([+-]?)(?:\s+#.*)?$/.exec(head);
  if (match === null) return undefined;
  const [, style = '', before = '', width = '', after = ''] = match;
  lines.at += 1;
  const body: string[] = [];
  let depth = width === '' ? undefined : indent + Number(width);
  for (; lines.at < lines.all.length; lines.at += 1) {
    const line = lines.all[lines.at] ?? '';
    const own = line.length - line.trimStart().length;
    if (line.trim() === '') {
      body.push(line.slice(depth ?? own));
      continue;
    }
    if (own <= indent || (depth !== undefined && own < depth)) break;
    depth ??= own;
    body.push(line.slice(depth));
  }
  const text = style === '|' ? body.join('\n') : folded(body);
  const chomp = before || after;
  if (chomp === '+') return `${text}\n`;
  const trimmed = text.replace(/\n+$/, '');
  return chomp === '-' || trimmed === '' ? trimmed : `${trimmed}\n`;
}

/** Lines become one, but for empty ones and those that stand further to the right. */
function folded(lines: readonly string[]): string {
  return lines
    .join('\n')
    .replace(/(?<=\S)\n(?=[^\s])/g, ' ')
    .replace(/(?<=\S)\n(\n+)(?=[^\s])/g, '$1');
}
