/** What follows `sampan` in a line worth knowing, and what it does. */
type Example = readonly [words: string, does: string];

/** By command; loaded for help, manual pages and the reference only. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  run: [
    ['run --rm -it docker.io/library/debian:12 bash', 'A shell in a fresh Debian, gone when it ends'],
    ['run -d --name web -m 256m docker.io/library/nginx', 'In the background, under a name, with 256 MB at most'],
  ],
  exec: [['exec -it web sh', 'A shell beside what runs in the container']],
  ps: [['ps -a --format json', 'All containers, for a program to read']],
  logs: [['logs -f --tail 20 web', 'The last twenty lines, and those that come']],
  start: [['start -a web', 'Start it again and see what it says']],
  stop: [['stop -t 3 web', 'Ask it to end, and make it end after three seconds']],
  kill: [['kill -s HUP web', 'Have a server read its configuration again']],
  rm: [['rm -f web', 'Remove it, running or not']],
  inspect: [["inspect -f '{{.State.Pid}}' web", "The process's number on the host"]],
  export: [['export -o tree.tar web', 'The whole root file system as an archive']],
  'container prune': [['container prune -f --filter until=24h', 'Stopped containers made more than a day ago']],
  explain: [['explain docker.io/library/debian:12 true', 'What the kernel would be asked for']],
  images: [['images --filter dangling=true -q', 'Images that have lost their names']],
  history: [['history --no-trunc docker.io/library/debian:12', 'Whole commands that made each layer']],
  tag: [['tag debian:12 registry.example/base:1', 'A name under which it can be pushed']],
  untag: [['untag debian:12', 'Take the names away and keep the image']],
  rmi: [['rmi debian:12', 'Take the name away; the image goes with its last one']],
  save: [
    ['save -o image.tar debian:12', 'An archive that docker, podman and skopeo can load'],
    ['save debian:12 | ssh host sampan load', 'Onto another machine'],
  ],
  load: [['load -i image.tar', 'All images of an archive']],
  import: [['import tree.tar base:1', 'An image of one layer out of a root file system']],
  'image prune': [
    ['image prune --dry-run -a', 'What would be removed, and how much that is'],
    ['image prune -af --filter unused-for=168h', 'Images that nothing was made from for a week'],
  ],
  'image pin': [['image pin debian:12', 'It stays until rmi names it']],
  'image unpin': [['image unpin debian:12', 'It may go again']],
  'image tree': [['image tree debian:12', 'Its layers, bottom first']],
  'image verify': [
    ['image verify', 'Every byte of every image against its digest'],
    ['image verify --repair debian:12', 'Mend what the disk has changed'],
  ],
  pull: [['pull --platform linux/arm64 debian:12', 'The image for another architecture']],
  push: [['push registry.example/base:1', 'Only what the registry does not have is sent']],
  login: [['login --username me --password-stdin registry.example', 'With the password from a pipe']],
  logout: [['logout registry.example', 'Forget what login has kept']],
  completion: [['completion bash >/etc/bash_completion.d/sampan', 'For all users of this machine']],
  'system df': [['system df -v', 'What each image shares with others, and what only it has']],
  'system gc': [['system gc --dry-run', 'What would go to make room']],
  'system prune': [['system prune -af', 'Stopped containers and all images that nothing uses']],
  doctor: [['doctor --format json', 'For a program that sets up machines']],
  version: [['version --format json', 'For a program to read']],
};
