import { type Configuration, portSchema, readConfiguration, replaceFile } from '@coffer/host';
import { hsmdSchema } from '@coffer/hsmd/config';
import { z } from 'zod';
import type { FleetFolder } from './folder.js';

/** What is fixed when a local fleet is created, and the ports it found. */
const settingsSchema = z.strictObject({
  v: z.literal(1),
  /** Whoever reads this file should know. */
  platform: z.literal('SIMULATED HARDWARE'),
  sites: z.int().min(1).max(15),
  /** Program of the HSMs, absolute; null for hsmd as it lies beside this program. */
  image: z.string().min(1).nullable(),
  /** Where each HSM has its keys; null for a file in its folder. */
  keyStores: z.array(hsmdSchema.shape.keyStore.nullable()).max(15),
  /** Account tokens of the development issuer. */
  tenant: z.string().min(1).max(256),
  issuer: z.string().min(1),
  audience: z.string().min(1),
  /** Where clients learn fleets over the air: a trust root file in the folder, and, for demonstrations, a shorter wait. */
  overTheAir: z.strictObject({ trustRoot: z.string().min(1), demoWaitingMs: z.int().min(0).optional() }).optional(),
  /** On the loopback interface. */
  ports: z.strictObject({ gateway: portSchema, agents: z.array(portSchema).min(1).max(15) }),
});
export type Settings = z.output<typeof settingsSchema>;

/** @throws HostError `bad-config`. */
export function readSettings(folder: FleetFolder): Settings {
  const { value }: Configuration<Settings> = readConfiguration(folder.settings, settingsSchema);
  return value;
}

export function writeSettings(folder: FleetFolder, settings: Settings): void {
  replaceFile(folder.settings, `${JSON.stringify(settings, undefined, 2)}\n`);
}
