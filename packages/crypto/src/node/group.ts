import type { GroupBackend } from '../group/backend.js';
import { group as wasmGroup } from '../portable/group.js';
import { loadNativeGroup } from './native-group.js';

/** The system's libsodium where there is one, about twice as fast; WASM otherwise. Chosen once, at start. */
export const group: GroupBackend = (await loadNativeGroup()) ?? wasmGroup;
