/** What a process holds for its objects. An object is given back by calling what `allocate` returned. */
export interface Heap {
  allocate(bytes: number): () => void;
  /** Bytes taken from the kernel. */
  heldBytes(): number;
  /** Work of the collector since the last call, in bytes traced. */
  takeWork(): number;
}
