/** A process of the tests that takes a lock, says so, and holds it until it is killed. */
import { FileLock } from '@coffer/host';

FileLock.acquire(process.argv[2] as string);
// Nobody refers to the lock any more, and it must be held all the same.
(globalThis as { gc?: () => void }).gc?.();
process.stdout.write('held\n');
setInterval(() => undefined, 1_000);
