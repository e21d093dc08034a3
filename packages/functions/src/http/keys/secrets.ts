import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../config/config-error.ts";
import { isJsonObject, parseJsonObject, valueIn } from "../../config/json-file.ts";

/** Where a key belongs: the host's function keys, its system keys, or the keys of one function. */
export type KeyScope = "functionkeys" | "systemkeys" | { readonly functionName: string };

type Keys = Map<string, string>;

const hostFile = "host.json";
const defaultKey = "default";

/**
 * Keys of the host and of its functions (reference functions-host §3.3), in the files of the cloud's secrets folder: `host.json` and
 * `<function>.json`. Readings come from memory; a change is in the file when its promise resolves. The master key, a host key `default`
 * and a key `default` for each function that asks are made when they are missing.
 */
export class Secrets {
  readonly #folder: string | undefined;
  readonly #functionKeys: Keys = new Map();
  readonly #systemKeys: Keys = new Map();
  /** By lower-case function name. */
  readonly #ofFunctions = new Map<string, Keys>();
  #masterKey = "";
  #writes: Promise<void> = Promise.resolve();

  private constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /**
   * @param folder made when missing; undefined: keys live as long as the process
   * @throws {ConfigError} when a file of it cannot be read or used
   */
  static async open(folder?: string): Promise<Secrets> {
    const secrets = new Secrets(folder);
    if (folder !== undefined) await secrets.#read(folder);
    if (secrets.#masterKey === "" || !secrets.#functionKeys.has(defaultKey)) {
      secrets.#masterKey ||= newKey();
      if (!secrets.#functionKeys.has(defaultKey)) secrets.#functionKeys.set(defaultKey, newKey());
      await secrets.#saveHost();
    }
    return secrets;
  }

  get masterKey(): string {
    return this.#masterKey;
  }

  /** @param value absent: a new one is made */
  async setMasterKey(value: string = newKey()): Promise<string> {
    this.#masterKey = value;
    await this.#saveHost();
    return value;
  }

  keys(scope: KeyScope): ReadonlyMap<string, string> {
    return this.#keysOf(scope);
  }

  /** @param value absent: a new one is made */
  async set(scope: KeyScope, name: string, value: string = newKey()): Promise<string> {
    this.#keysOf(scope).set(name, value);
    await this.#save(scope);
    return value;
  }

  /** @returns false when there was no such key */
  async delete(scope: KeyScope, name: string): Promise<boolean> {
    if (!this.#keysOf(scope).delete(name)) return false;
    await this.#save(scope);
    return true;
  }

  /** The key of that name, made now when there is none. */
  async ensure(scope: KeyScope, name: string = defaultKey): Promise<string> {
    return this.#keysOf(scope).get(name) ?? (await this.set(scope, name));
  }

  #keysOf(scope: KeyScope): Keys {
    if (scope === "functionkeys") return this.#functionKeys;
    if (scope === "systemkeys") return this.#systemKeys;
    const name = scope.functionName.toLowerCase();
    let keys = this.#ofFunctions.get(name);
    if (keys === undefined) {
      keys = new Map();
      this.#ofFunctions.set(name, keys);
    }
    return keys;
  }

  async #read(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const file of await readdir(folder)) {
      if (!file.endsWith(".json")) continue;
      const path = join(folder, file);
      const object = parseJsonObject(await readFile(path, "utf8"), `The secrets file ${path}`);
      if (file.toLowerCase() !== hostFile) {
        readKeys(valueIn(object, "keys"), this.#keysOf({ functionName: file.slice(0, -".json".length) }), path);
        continue;
      }
      const master = new Map<string, string>();
      readKeys(
        [valueIn(object, "masterKey") ?? {}].filter((key) => Object.keys(key).length > 0),
        master,
        path,
      );
      this.#masterKey = [...master.values()][0] ?? "";
      readKeys(valueIn(object, "functionKeys"), this.#functionKeys, path);
      readKeys(valueIn(object, "systemKeys"), this.#systemKeys, path);
    }
  }

  #save(scope: KeyScope): Promise<void> {
    if (typeof scope === "string") return this.#saveHost();
    const name = scope.functionName.toLowerCase();
    return this.#write(`${name}.json`, () => ({ keys: written(this.#keysOf(scope)), source: "runtime" }));
  }

  #saveHost(): Promise<void> {
    return this.#write(hostFile, () => ({
      masterKey: { name: "master", value: this.#masterKey, encrypted: false },
      functionKeys: written(this.#functionKeys),
      systemKeys: written(this.#systemKeys),
      source: "runtime",
    }));
  }

  /** One write after the other, each by way of a temporary file, so that a reader never sees half of one. */
  #write(file: string, content: () => object): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined) return Promise.resolve();
    const write = this.#writes.then(async () => {
      const path = join(folder, file);
      const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
      try {
        await writeFile(temporary, `${JSON.stringify(content(), null, 2)}\n`, { mode: 0o600 });
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
    this.#writes = write.catch(() => {});
    return write;
  }
}

function newKey(): string {
  return randomBytes(40).toString("base64url");
}

function written(keys: ReadonlyMap<string, string>): readonly object[] {
  return [...keys].map(([name, value]) => ({ name, value, encrypted: false }));
}

function readKeys(list: unknown, into: Keys, path: string): void {
  if (list === undefined || list === null) return;
  if (!Array.isArray(list)) throw new ConfigError([`The secrets file ${path} must hold lists of keys.`]);
  for (const key of list) {
    const name = isJsonObject(key) ? valueIn(key, "name") : undefined;
    const value = isJsonObject(key) ? valueIn(key, "value") : undefined;
    if (typeof name !== "string" || typeof value !== "string" || value === "")
      throw new ConfigError([`The secrets file ${path} holds a key without name or value.`]);
    if (isJsonObject(key) && valueIn(key, "encrypted") === true)
      throw new ConfigError([`The key ${JSON.stringify(name)} in the secrets file ${path} is encrypted and cannot be used.`]);
    into.set(name, value);
  }
}
