import { fail } from '../errors.js';
import type { MediaStatement } from '../forms/media.js';
import type { Finding } from './evidence-report.js';

/** @throws EvidenceError `ceremony-mismatch`, `media-mismatch`. */
export function verifyMedia(media: MediaStatement, recorded: MediaStatement): Finding<MediaStatement> {
  const textOf = ({ issued, destroyed }: MediaStatement): string => `${issued.join()}|${destroyed.join()}`;
  if (textOf(media) !== textOf(recorded)) fail('ceremony-mismatch', 'the ceremony recorded other media');
  if (media.issued.join() !== media.destroyed.join()) {
    fail('media-mismatch', 'serials of issued and of destroyed media do not reconcile');
  }
  const why = `${media.issued.length} media were issued and, so those present say, destroyed. Nothing can prove that.`;
  return { value: media, verdict: 'attested', why };
}
