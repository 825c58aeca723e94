/**
 * Generates a log of 10,000 epochs (or as many as the argument says), audits it from scratch, and fails if memory grows.
 *
 *   npm run audit-long [-- EPOCHS]
 */
import { assertFlat, longWorld, measureAudit } from './long-log.js';

const epochs = Number(process.argv[2] ?? 10_000);
const started = Date.now();
const world = longWorld(epochs);
process.stdout.write(`${epochs} epochs generated in ${Math.round((Date.now() - started) / 1000)} s\n`);
const measured = await measureAudit(world, Math.max(1, Math.floor(epochs / 10)));
const megabytes = measured.usedBytes.map((bytes) => (bytes / 1e6).toFixed(1)).join(' ');
process.stdout.write(
  `audited in ${Math.round(measured.milliseconds / 1000)} s; MB in use, log included: ${megabytes}\n`,
);
assertFlat(measured);
