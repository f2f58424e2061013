/** When a container is started anew by its monitor, in docker's words. */
export interface RestartPolicy {
  name: 'on-failure' | 'always' | 'unless-stopped';
  /** Of `on-failure`: how often at most; 0 is without a limit. */
  most: number;
}
