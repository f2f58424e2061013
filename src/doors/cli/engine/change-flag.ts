/** `--change` of commands that make an image. */
export const CHANGE = {
  kind: 'list',
  short: 'c',
  value: 'INSTRUCTION',
  does: 'Apply a Dockerfile instruction, such as CMD ["sh"]',
} as const;
