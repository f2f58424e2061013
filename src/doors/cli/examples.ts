/** What follows `sampan` in a line worth knowing, and what it does. */
type Example = readonly [words: string, does: string];

/** By command; loaded for help, manual pages and the reference only. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  run: [
    ['run --rm -it docker.io/library/debian:12 bash', 'A shell in a fresh Debian, gone when it ends'],
    ['run -d --name web -m 256m docker.io/library/nginx', 'In the background, under a name, with 256 MB at most'],
  ],
  create: [['create --name web docker.io/library/nginx', 'Make it now, start it later']],
  attach: [['attach --detach-keys ctrl-x,x web', 'At its terminal, and away again by two keys']],
  restart: [['restart -t 3 web', 'Stop it within three seconds, and start it']],
  pause: [['pause web', 'Hold all its processes']],
  unpause: [['unpause web', 'Let them go on']],
  rename: [['rename web web-old', 'Make room for another of that name']],
  wait: [['wait web worker', 'Until both have ended; prints how']],
  top: [
    ['top web', 'Its processes, by their numbers on the host'],
    ['top web -o pid,etime,rss,args', 'In columns of your own'],
  ],
  stats: [
    ['stats', 'What runs and what it uses, again every second'],
    ["stats --no-stream --format '{{.Name}} {{.CPUPerc}}'", 'Once, for a program to read'],
  ],
  events: [['events --since 10m --filter event=die --format json', 'What has ended lately, and what ends from now on']],
  port: [['port web', 'Ports of the host that lead into it']],
  update: [['update -m 512m --cpus 2 web', 'Other limits, at once']],
  cp: [
    ['cp web:/etc/nginx/nginx.conf .', 'A file out of a container'],
    ['cp site/. web:/usr/share/nginx/html', 'What is in a directory into one'],
    ['cp web:/var/log - | tar -tv', 'As an archive'],
  ],
  'container prune': [
    ['container prune --filter until=24h', 'Remove the stopped ones that were made more than a day ago, after asking'],
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
  'image prune': [['image prune --dry-run -a', 'What would be removed, and how much that is']],
  commit: [
    ["commit -c 'CMD nginx -g daemon off;' -m 'as it runs now' web web:2", "A container's changes as a new image"],
  ],
  diff: [
    ['diff web', 'What a container has added (A), changed (C) and deleted (D)'],
    ['diff debian:12 debian:13', 'And two images'],
  ],
  'container diff': [['container diff web', 'The same']],
  'image mount': [['image mount debian:12', "Prints the path where the image's files can be read"]],
  'image unmount': [['image unmount --all', 'Take all such paths away']],
  'image copy': [
    [
      'image copy --all docker://debian:12 oci:/srv/layout:12',
      'All platforms, from a registry into a layout directory',
    ],
    ['image copy docker://one.example/a:1 docker://two.example/a:1', 'Between registries, without the store'],
  ],
  'manifest create': [['manifest create base:1 base:1-amd64 base:1-arm64', 'One name for the images of two platforms']],
  'manifest add': [['manifest add --arch arm64 base:1 docker.io/library/debian:12', 'One more']],
  'manifest annotate': [['manifest annotate --variant v8 base:1 base:1-arm64', 'Say more of a platform']],
  'manifest inspect': [['manifest inspect docker.io/library/debian:12', 'Which platforms a registry has it for']],
  'manifest push': [['manifest push base:1 registry.example/base:1', 'The list and all its images']],
  'manifest remove': [['manifest remove base:1 base:1-arm64', 'Take one out again']],
  'manifest rm': [['manifest rm base:1', 'The list goes, its images stay if they have names']],
  'manifest exists': [['manifest exists base:1', 'For a script']],
  pull: [
    ['pull --platform linux/arm64 debian:12', 'The image for another architecture'],
    ['pull --all-platforms debian:12', 'All of them, to push or save'],
  ],
  push: [
    ['push registry.example/base:1', 'Only what the registry does not have is sent'],
    ['push --all-platforms debian:12 registry.example/debian:12', 'With the images for other platforms'],
  ],
  login: [['login --username me --password-stdin registry.example', 'With the password from a pipe']],
  logout: [['logout registry.example', 'Forget what login has kept']],
  search: [
    ['search --filter is-official=true nginx', 'At Docker Hub, the official ones'],
    ['search --list-tags registry.example/base', 'The tags of one repository'],
  ],
  'registry serve': [
    ['registry serve --root /srv/registry --listen [::]:5000', 'A registry in a directory'],
    ['registry serve --from-store', 'What this machine has pulled, for its neighbours'],
  ],
  'registry gc': [
    ['registry gc --dry-run -m --root /srv/registry', 'What would go, with manifests that no tag leads to'],
  ],
  completion: [['completion bash >/etc/bash_completion.d/sampan', 'For all users of this machine']],
  doctor: [['doctor --format json', 'For a program that sets up machines']],
  version: [['version --format json', 'For a program to read']],
};
