/** `once` of node:events. */
export const once = (source: { once(event: string, done: () => void): void }, event: string): Promise<void> =>
  new Promise((resolve) => {
    source.once(event, () => resolve());
  });
