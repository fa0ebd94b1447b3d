/**
 * Names that people gave to containers. A container that is made anew has another id and the same name:
 * by name it stays the same workload. Read from the files of docker, podman and Kubernetes, as far as this account may.
 */
import { readdirSync } from 'node:fs';
import { missingFor, readText } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';

const maxBytes = 1 << 20;
/** Containers come and go: beyond this the oldest answer is forgotten, and looked up again when asked for. */
const maxNames = 1024;

export class ContainerNames {
  readonly #varRoot: string;
  readonly #names = new Map<string, string | null>();

  constructor(varRoot: string) {
    this.#varRoot = varRoot;
  }

  /** null when nobody gave it one, or when the files may not be read. */
  of(runtime: string, id: string): string | null {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = this.#lookUp(runtime, id);
    const oldest = this.#names.keys().next();
    if (this.#names.size >= maxNames && oldest.done !== true) this.#names.delete(oldest.value);
    this.#names.set(id, name);
    return name;
  }

  #lookUp(runtime: string, id: string): string | null {
    if (runtime === 'docker') return this.#docker(id);
    if (runtime === 'podman') return this.#podman(id);
    return this.#kubernetes(id);
  }

  #docker(id: string): string | null {
    const settings = this.#read(`lib/docker/containers/${id}/config.v2.json`);
    return /"Name":"\/([\w.-]{1,128})"/.exec(settings)?.[1] ?? null;
  }

  #podman(id: string): string | null {
    const all = this.#read('lib/containers/storage/overlay-containers/containers.json');
    return new RegExp(`"id":"${id}","names":\\["([\\w.-]{1,128})"`).exec(all)?.[1] ?? null;
  }

  /** `<pod>_<namespace>_<container>-<id>.log`: the kubelet makes one for each container. */
  #kubernetes(id: string): string | null {
    try {
      const log = readdirSync(`${this.#varRoot}/log/containers`).find((file) => file.endsWith(`-${id}.log`));
      const [pod, namespace, container] = log?.slice(0, -(id.length + 5)).split('_', 3) ?? [];
      return pod === undefined || namespace === undefined || container === undefined
        ? null
        : `${namespace}/${controllerOf(pod)}/${container}`;
    } catch (error) {
      missingFor(error);
      return null;
    }
  }

  #read(path: string): string {
    const text = readText(`${this.#varRoot}/${path}`, maxBytes);
    return isValue(text) ? text : '';
  }
}

/** `web-7c9d8b6f5d-x2x9z` → `web`: pods of one deployment or daemon set are made anew under made-up endings. */
function controllerOf(pod: string): string {
  return pod.replace(/(?:-[bcdf-hj-np-tv-z2456789]{8,10})?-[bcdf-hj-np-tv-z2456789]{5}$/, '');
}
