import { SAMPAN } from '#tools/places.ts';

/** A terminal with sampan in it, driven as a person would: type, wait for what is shown, resize. */
export async function sampanAtTerminal(
  root: string,
  args: readonly string[],
  drive: (person: Person) => Promise<void>,
): Promise<Shown> {
  let shown = '';
  const terminal = new Bun.Terminal({
    cols: 90,
    rows: 30,
    data: (_, data) => {
      shown += Buffer.from(data).toString();
    },
  });
  const child = Bun.spawn(
    ['setsid', '-cw', 'sh', '-c', '"$@"; echo "status=$?"; stty -a | grep -o -- "-*icanon"', 'sh', SAMPAN, ...args],
    {
      terminal,
      env: { PATH: '/usr/bin:/bin', HOME: root, SAMPAN_ROOT: root },
    },
  );
  const seen = async (text: string): Promise<void> => {
    for (let tries = 0; !shown.includes(text); tries += 1) {
      if (tries > 400) throw new Error(`"${text}" was not shown, but: ${JSON.stringify(shown)}`);
      await Bun.sleep(20);
    }
  };
  await drive({
    type: (text) => void terminal.write(text),
    seen,
    resize: (rows, columns) => terminal.resize(columns, rows),
  });
  await seen('icanon');
  await child.exited;
  terminal.close();
  return { shown, status: Number(/status=(\d+)/.exec(shown)?.[1]), cooked: /(?<!-)icanon/.test(shown) };
}

export interface Person {
  type(text: string): void;
  seen(text: string): Promise<void>;
  resize(rows: number, columns: number): void;
}

export interface Shown {
  shown: string;
  status: number;
  /** The outer terminal is back in line mode. */
  cooked: boolean;
}
