/** Who tells a service manager that the container is ready, in podman's words: its program, or we as soon as it runs. */
export const SDNOTIFY_MODES = ['container', 'conmon', 'ignore'] as const;
export type SdnotifyMode = (typeof SDNOTIFY_MODES)[number];
