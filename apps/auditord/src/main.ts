import { runDaemon } from '@coffer/host';
import { auditordDefinition } from './daemon.js';
import { evidenceCheck } from './evidence.js';

await runDaemon(auditordDefinition(evidenceCheck));
