import type { Json, JsonForm } from '@coffer/wire';
import { mediaMax } from '../limits.js';
import { statementForm as form, type PredicateForm } from './predicate-form.js';

/** Smart cards, sticks and disks of the ceremony, by the serials on their labels. Testimony, never proof. */
export interface MediaStatement {
  /** Ascending, none twice. */
  readonly issued: readonly string[];
  readonly destroyed: readonly string[];
}

export const mediaJson = ({ issued, destroyed }: MediaStatement) => ({
  issued: [...issued].sort(),
  destroyed: [...destroyed].sort(),
});

export function readMedia(json: Json, reader: JsonForm = form): MediaStatement {
  const fields = reader.object(json, ['issued', 'destroyed']);
  const serials = (list: Json): string[] => {
    const texts = reader.list(list, mediaMax).map((text) => reader.text(text, /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/));
    if (texts.some((text, i) => i > 0 && (texts[i - 1] as string) >= text)) reader.fail('serials out of order');
    return texts;
  };
  return { issued: serials(fields.issued), destroyed: serials(fields.destroyed) };
}

export const mediaForm: PredicateForm<MediaStatement> = { encode: mediaJson, decode: (json) => readMedia(json) };
