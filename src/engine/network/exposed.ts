import type { NetworkWishes, PortWish } from './wishes.ts';

/** Ports that the container says it serves: its image's, `--expose`d ones; `PORT/PROTOCOL` each. */
export const exposedPorts = ({ expose = [] }: NetworkWishes, image: readonly string[]): string[] => [
  ...new Set([...image, ...expose].map((one) => (one.includes('/') ? one : `${one}/tcp`))),
];

/** With `--publish-all` each of them gets a port of the host's that is free, unless it has one. */
export function withAllPublished<Wishes extends NetworkWishes>(wishes: Wishes, image: readonly string[]): Wishes {
  if (wishes.publishAll !== true || (wishes.networks ?? []).length === 0) return wishes;
  const asked = wishes.publish ?? [];
  const has = ({ containerPort, protocol }: PortWish): boolean =>
    asked.some((one) => one.containerPort === containerPort && one.protocol === protocol);
  const more = exposedPorts(wishes, image)
    .map((text) => /^(\d+)\/(\w+)$/.exec(text))
    .filter((match) => match !== null)
    .map(([, port, protocol = 'tcp']) => ({ containerPort: Number(port), protocol: protocol.toLowerCase() }));
  return { ...wishes, publish: [...asked, ...more.filter((wish) => !has(wish))] };
}
