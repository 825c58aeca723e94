import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { HostError, systemCode } from '@coffer/host';

/** `sun_path` of a Unix socket address without its closing NUL: 104 bytes on the BSDs and macOS, 108 on Linux. */
export const socketPathBytesMax = process.platform === 'linux' ? 107 : 103;

/** @throws HostError `bad-config` when no socket can have this path. The system would cut it off without a word. */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathBytesMax) return;
  throw new HostError('bad-config', `socket: its path has ${bytes} bytes, over the system's ${socketPathBytesMax}`);
}

/**
 * Makes way for a new socket: removes one that a killed process left behind.
 * @throws HostError `in-use` when somebody listens there; `file` when what is there is not a socket.
 */
export async function clearSocketPath(path: string): Promise<void> {
  try {
    if (!lstatSync(path).isSocket()) throw new HostError('file', `${path} is there and is not a socket`);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return;
    throw cause;
  }
  if (await isListening(path)) throw new HostError('in-use', `another process listens on ${path}`);
  unlinkSync(path);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}
