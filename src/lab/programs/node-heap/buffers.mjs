/** Pieces of uploads that are kept after they are written. */
import { serve } from './program.mjs';

const uploadedPieces = [];

await serve((id) => uploadedPieces.push(Buffer.alloc(6_000, id % 256)));
