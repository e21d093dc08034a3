import type { ContainerClient } from "@azure/storage-blob";
import { hasStatus } from "../storage/storage-connections.ts";

/**
 * Which blobs a function has been called for, kept in the storage account beside them, so that they are forgotten together. One empty blob
 * each, at `azure-webjobs-hosts/blobreceipts/<host>/<function>/<etag>/<container>/<blob>`, as the cloud's host has them.
 */
export class BlobReceipts {
  readonly #hosts: ContainerClient;
  readonly #root: string;
  readonly #container: string;
  /** Name of a blob → the ETag that was seen to. */
  readonly #seen = new Map<string, string>();

  /**
   * @param hosts client of the container `azure-webjobs-hosts`
   * @param container of the blobs
   */
  constructor(hosts: ContainerClient, hostId: string, functionName: string, container: string) {
    this.#hosts = hosts;
    this.#root = `blobreceipts/${hostId}/${functionName.toLowerCase()}/`;
    this.#container = container;
  }

  /** Reads what earlier runs left. */
  async read(abortSignal: AbortSignal): Promise<void> {
    try {
      for await (const { name } of this.#hosts.listBlobsFlat({ prefix: this.#root, abortSignal })) {
        const [etag, container, ...blob] = name.slice(this.#root.length).split("/");
        if (etag !== undefined && container === this.#container) this.#seen.set(blob.join("/"), etag);
      }
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  }

  has(blob: string, etag: string): boolean {
    return this.#seen.get(blob) === bare(etag);
  }

  /** Takes the place of the receipt for an earlier content of the blob. */
  async write(blob: string, etag: string): Promise<void> {
    const before = this.#seen.get(blob);
    this.#seen.set(blob, bare(etag));
    await this.#hosts.createIfNotExists();
    await this.#client(blob, bare(etag)).uploadData(Buffer.alloc(0));
    if (before !== undefined && before !== bare(etag)) await this.#client(blob, before).deleteIfExists();
  }

  #client(blob: string, etag: string) {
    return this.#hosts.getBlockBlobClient(`${this.#root}${etag}/${this.#container}/${blob}`);
  }
}

function bare(etag: string): string {
  return etag.replaceAll('"', "");
}
