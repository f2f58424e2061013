/** `make soak`, shortly. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { BUN, TREE } from '#tools/places.ts';

test('twenty lives by the engine leave nothing, and what is counted stays', async () => {
  const soak = [join(TREE, 'tools/alone.sh'), BUN, join(TREE, 'test/soak/lifecycles.ts'), '20', '2'];
  const done = Bun.spawn(soak, { stdout: 'pipe', stderr: 'pipe', cwd: TREE });
  const said = await new Response(done.stdout).text();
  expect(said + (await new Response(done.stderr).text())).toContain('0 failed, 0 left over\n');
  expect(await done.exited).toBe(0);
  for (const counted of ['files and directories in it', 'in the run directory', 'descriptors of the soak']) {
    const [, first, , last] = new RegExp(`${counted} \\| (\\S+) \\| (\\S+) \\| (\\S+) `).exec(said) ?? [];
    expect({ counted, at: last }).toEqual({ counted, at: first });
  }
}, 180_000);

test('a hundred containers whose runtime is killed at random moments leave nothing', async () => {
  const soak = [join(TREE, 'tools/alone.sh'), BUN, join(TREE, 'test/soak/soak.ts'), '100', '4', '20261125'];
  const done = Bun.spawn(soak, { stdout: 'pipe', stderr: 'pipe', cwd: TREE });
  const said = await new Response(done.stdout).text();
  expect(said + (await new Response(done.stderr).text())).toContain('0 failed by themselves, 0 left over\n');
  expect(await done.exited).toBe(0);
}, 120_000);
