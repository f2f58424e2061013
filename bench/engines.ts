import { enginesWith, OURS, PODMAN, type EnginePlace } from './engine-pair.ts';
import { interleave } from './interleave.ts';
import type { Section } from './report.ts';

/** `run --rm --network none IMAGE true`, the image pulled before. */
export function runAndRemove(image: string, place: EnginePlace): Section {
  const { sampan, peer } = enginesWith(image, place, 'run');
  const contenders = [
    { name: OURS, argv: () => sampan('run', '--rm', '--network', 'none', image, 'true') },
    { name: PODMAN, argv: () => peer.runTrue(image), env: peer.env },
  ];
  return {
    title: '`run --rm --network none IMAGE true`',
    about: 'A busybox image, already pulled, a network namespace of its own; stores on a journalled ext4 of their own.',
    samples: interleave(contenders, { count: 40, warmUp: 2, idle: 0, scratch: place.directory }),
    goals: [{ against: PODMAN, factor: 0.2 }],
  };
}
