/** Blocks of PHP's heap that are larger than a chunk. */
import { wordAt, type ZendHeap } from './zendHeap.ts';
import { isAddress, type ZendValues } from './zendValues.ts';

const heapRecordBytes = 512;
const hugeAlignment = 2 ** 21;

/** zend_mm_huge_list: address, bytes, next. Where the heap has its list differs between versions; what is in it does not. */
export function hugeBlocks(values: ZendValues, heap: ZendHeap): { address: number; size: number }[] {
  const record = values.bytes(heap.address, heapRecordBytes);
  for (let offset = 0; record !== null && offset < heapRecordBytes; offset += 8) {
    const found: { address: number; size: number }[] = [];
    let node = wordAt(record, offset);
    while (isAddress(node) && found.length < 100_000) {
      const entry = values.bytes(node, 24);
      if (entry === null) break;
      const [address, size] = [wordAt(entry, 0), wordAt(entry, 8)];
      if (address === 0 || address % hugeAlignment !== 0 || size % 4096 !== 0 || size < hugeAlignment - 4096) break;
      found.push({ address, size });
      node = wordAt(entry, 16);
    }
    if (found.length > 0 && node === 0) return found;
  }
  return [];
}
