/** Given to Node with `--import`: from here on `@coffer/crypto` of this process has ideal primitives (`primitives.ts`). */
import { register } from 'node:module';

register('./hooks.js', import.meta.url);
